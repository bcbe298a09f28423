// For the tests of this folder: a socket that is slow or full on demand and shows what passed, and one end of TLS made
// by hand.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "marty/tls/internal/client_snapshot.hpp"
#include "marty/tls/internal/server_snapshot.hpp"
#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/internal/tls_socket.hpp"

namespace marty::tls::internal {

// What a LimitedSocket lets through, and what it saw.
struct Limits {
  std::size_t read_bytes = ~std::size_t{0};   // at most, of one read
  std::size_t write_bytes = ~std::size_t{0};  // left for all of try_write(); less where it is full
  std::size_t reads = 0;
  std::size_t writes = 0;
  std::string written;

  // The records of application data in `written`.
  std::size_t count_data_records() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at + 5 <= written.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(written[at + i]); };
      if (byte(0) == SSL3_RT_APPLICATION_DATA) ++count;
      at += 5u + (byte(3) << 8 | byte(4));
    }
    return count;
  }
};

class LimitedSocket final : public runtime::SocketBackend {
 public:
  LimitedSocket(runtime::Socket inner, Limits& limits) : inner_(std::move(inner)), limits_(limits) {}

  std::optional<std::size_t> try_read(std::span<char> buffer) override {
    ++limits_.reads;
    return inner_.try_read(buffer.first(std::min(buffer.size(), limits_.read_bytes)));
  }
  std::size_t read_some(std::span<char> buffer) override {
    return inner_.read_some(buffer.first(std::min(buffer.size(), limits_.read_bytes)));
  }
  void write(std::span<const std::string_view> parts) override {
    ++limits_.writes;
    for (const std::string_view part : parts) limits_.written += part;
    inner_.write(parts);
  }
  std::size_t write_some(std::string_view bytes) override {
    ++limits_.writes;
    const std::size_t size = inner_.write_some(bytes);
    limits_.written += bytes.substr(0, size);
    return size;
  }
  std::size_t try_write(std::span<const std::string_view> parts) override {
    std::string bytes;
    for (const std::string_view part : parts) bytes += part;
    bytes.resize(std::min(bytes.size(), limits_.write_bytes));
    if (bytes.empty()) return 0;
    ++limits_.writes;
    const std::string_view view = bytes;
    const std::size_t size = inner_.try_write({&view, 1});
    limits_.written.append(bytes, 0, size);
    limits_.write_bytes -= size;
    return size;
  }
  void park(runtime::ReadableCallback* callback) noexcept override { inner_.park(callback); }
  void shutdown_write() noexcept override { inner_.shutdown_write(); }
  bool has_input() noexcept override { return inner_.has_input(); }
  bool closed_by_peer() const noexcept override { return inner_.closed_by_peer(); }
  runtime::Address local_address() const override { return inner_.local_address(); }
  runtime::Address peer_address() const override { return inner_.peer_address(); }

 private:
  runtime::Socket inner_;
  Limits& limits_;
};

inline runtime::Socket limited(runtime::Socket socket, Limits& limits) {
  return runtime::Socket(std::make_unique<LimitedSocket>(std::move(socket), limits));
}

class CountingCallback final : public runtime::ReadableCallback {
 public:
  void on_readable() noexcept override { ++calls; }
  int calls = 0;
};

// A cable with a tap: what the server sends to the client can be held back and let through byte by byte.
class Relay {
 public:
  Relay() : to_client_(connected_sockets()), to_server_(connected_sockets()) {}
  SocketPair ends() { return {std::move(to_client_.client), std::move(to_server_.server)}; }
  void start() {
    up_.emplace(
        [this] { pump(to_client_.server, [this](std::string_view bytes) { to_server_.client.write({bytes}); }); });
    down_.emplace([this] {
      pump(to_server_.client, [this](std::string_view bytes) {
        held_ += bytes;
        if (!holding_) release(held_.size());
      });
    });
  }
  void hold() { holding_ = true; }
  void release(std::size_t bytes) {
    to_client_.server.write({std::string_view(held_).substr(0, bytes)});
    held_.erase(0, bytes);
  }
  const std::string& held() const { return held_; }
  void tamper() { held_.back() = static_cast<char>(held_.back() ^ 1); }
  // Longer than anything is under way, and more turns of the loop than it takes, however late those come.
  static void settle() {
    for (int i = 0; i < 10; ++i) runtime::sleep_for(std::chrono::milliseconds(2));
  }
  void cut() {
    up_.reset();
    down_.reset();
    to_client_.server.close();
    to_server_.client.close();
  }

 private:
  static void pump(runtime::Socket& from, const std::function<void(std::string_view)>& to) {
    char buffer[16 * 1024];
    try {
      while (const std::size_t size = from.read_some(buffer)) to({buffer, size});
    } catch (const Error&) {  // an end is gone
    }
  }
  SocketPair to_client_;
  SocketPair to_server_;
  std::string held_;
  bool holding_ = false;
  std::optional<runtime::Task<std::function<void()>>> up_;
  std::optional<runtime::Task<std::function<void()>>> down_;
};

// Both ends of a connection as the module has them inside, with what is between them.
struct TlsPair {
  explicit TlsPair(int max_version = TLS1_3_VERSION) : TlsPair(connected_sockets(), max_version) {}
  explicit TlsPair(SocketPair sockets, int max_version = TLS1_3_VERSION) : server_files(pki.issue_server()) {
    const ServerOptions server_options{.certificates = {server_files}};
    server_snapshot = std::make_shared<const ServerSnapshot>(server_options, ServerFiles::read(server_options),
                                                             std::make_shared<TicketKeys>());
    const ClientOptions client_options{.verify = false};
    client_snapshot = std::make_shared<const ClientSnapshot>(client_options, ClientFiles::read(client_options));
    server = std::make_unique<TlsSocket>(server_snapshot->new_connection(),
                                         limited(std::move(sockets.server), server_limits), server_snapshot);
    auto link = std::make_shared<ClientLink>(ClientLink{client_snapshot, "server", {}});
    Ssl ssl(SSL_new(client_snapshot->context.get()));
    SSL_set_max_proto_version(ssl.get(), max_version);
    SSL_set_connect_state(ssl.get());
    attach(ssl.get(), link.get());
    client =
        std::make_unique<TlsSocket>(std::move(ssl), limited(std::move(sockets.client), client_limits), std::move(link));
  }
  void shake_hands() {
    auto connecting = runtime::spawn([&] { return client->shake_hands(); });
    if (const auto fault = server->shake_hands()) throw Error(Code::internal, fault->reasons);
    if (const auto fault = connecting.join()) throw Error(Code::internal, fault->reasons);
    Relay::settle();
    char byte;
    client->try_read({&byte, 1});  // the session tickets: whoever closes with unread bytes resets the connection
    client_limits = server_limits = {};
  }

  TestPki pki;
  CertificateFiles server_files;
  std::shared_ptr<const ServerSnapshot> server_snapshot;
  std::shared_ptr<const ClientSnapshot> client_snapshot;
  Limits client_limits;  // of the client's socket
  Limits server_limits;
  std::unique_ptr<TlsSocket> client;
  std::unique_ptr<TlsSocket> server;
};

// A pair that has shaken hands.
struct ReadyPair : TlsPair {
  explicit ReadyPair(int max_version = TLS1_3_VERSION) : TlsPair(max_version) { shake_hands(); }
};

// The same with a Relay between the two, which holds back what the server sends from the end of the handshake on.
struct TappedPair : private Relay, TlsPair {
  explicit TappedPair(int max_version = TLS1_3_VERSION) : TlsPair(ends(), max_version) {
    start();
    shake_hands();
    hold();
  }
  Relay& relay() { return *this; }
};

inline void write(TlsSocket& socket, std::string_view bytes) { socket.write({&bytes, 1}); }
inline std::size_t try_write(TlsSocket& socket, std::string_view bytes) { return socket.try_write({&bytes, 1}); }

}  // namespace marty::tls::internal
