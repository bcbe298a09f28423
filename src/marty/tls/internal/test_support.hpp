// For the tests of this folder: both worlds, certificates in a folder of their own, and pairs of connected sockets.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/file.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/test_authority.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

enum class WorldKind { real, simulated };

// Runs `test` as the first fiber of a world.
inline void run_in(WorldKind kind, std::function<void()> test) {
  if (kind == WorldKind::simulated) {
    runtime::SimulatedWorld({.seed = 20261124}).run(std::move(test));
  } else {
    runtime::World::real({.loops = 1})->run(std::move(test));
  }
}

// For tests that say the same of both worlds.
class WorldTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
};
inline const auto kBothWorlds = testing::Values(WorldKind::real, WorldKind::simulated);
inline std::string world_name(const testing::TestParamInfo<WorldKind>& test) {
  return test.param == WorldKind::real ? "real" : "simulated";
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw Error(Code::unavailable, "cannot make " + pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// An authority, its file, and what it issues. Belongs to one world: certificates are dated by its clock.
struct TestPki {
  explicit TestPki(std::string name = "Test CA") : authority(std::move(name)), ca((folder.path() / "ca.pem").string()) {
    authority.write(ca);
  }
  CertificateFiles issue(const TestCertificate& certificate) const {
    return authority.issue(folder.path(), certificate);
  }
  CertificateFiles issue_server() const { return issue({.subject = "server", .dns_names = {"localhost"}}); }
  CertificateFiles issue_client(std::string subject = "client") const {
    return issue({.subject = std::move(subject), .uris = {"spiffe://test.example/client"}, .for_servers = false});
  }
  std::string path(std::string_view name) const { return (folder.path() / name).string(); }

  TemporaryFolder folder;
  TestAuthority authority;
  std::string ca;
};

// A certificate that says of itself what it likes, made by the program `openssl` at the real time.
inline CertificateFiles self_signed(const TestPki& pki, const std::string& extensions,
                                    const std::string& subject = "/CN=self") {
  const CertificateFiles files{pki.path("self.pem"), pki.path("self.key")};
  const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '" +
                              subject + "' -out " + files.certificate + " -keyout " + files.key + " " + extensions +
                              " 2>" + pki.path("openssl.log");
  if (std::system(command.c_str()) != 0) throw Error(Code::internal, runtime::read_file(pki.path("openssl.log")));
  return files;
}

struct SocketPair {
  runtime::Socket client;
  runtime::Socket server;
};

struct SessionPair {
  Session client;
  Session server;
};

// What each side of a handshake throws; code ok where it throws nothing.
struct ErrorPair {
  Error client;
  Error server;
};

template <class Function>
Error error_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::ok, "nothing was thrown");
}

// A port on which connections are made, one after the other.
class TestPort {
 public:
  SocketPair connect() {
    auto client = runtime::spawn([&] { return runtime::connect(listener_.local_address()); });
    runtime::Socket server = listener_.accept();
    return {client.join(), std::move(server)};
  }

  // The handshake of both. Throws what the server throws, else what the client throws.
  SessionPair shake_hands(const ServerContext& server, const ClientContext& client, std::string_view host = "localhost",
                          const std::vector<std::string>* alpn = nullptr) {
    SocketPair sockets = connect();
    auto connecting = runtime::spawn([&] { return client.connect(std::move(sockets.client), host, alpn); });
    Session accepted = server.accept(std::move(sockets.server));
    return {connecting.join(), std::move(accepted)};
  }

  ErrorPair refused_handshake(const ServerContext& server, const ClientContext& client,
                              std::string_view host = "localhost") {
    SocketPair sockets = connect();
    auto connecting = runtime::spawn([&] {
      return error_of([&] {
        Session session = client.connect(std::move(sockets.client), host);
        char byte;
        session.socket.read_some({&byte, 1});  // with TLS 1.3 a client learns only then that it is refused
      });
    });
    Error of_server = error_of([&] { (void)server.accept(std::move(sockets.server)); });
    return {connecting.join(), std::move(of_server)};
  }

 private:
  runtime::Listener listener_ = runtime::listen(runtime::Address::ip("127.0.0.1", 0));
};

// The same on a port that is used once: no session is resumed.
inline SocketPair connected_sockets() { return TestPort().connect(); }
inline SessionPair shake_hands(const ServerContext& server, const ClientContext& client,
                               std::string_view host = "localhost", const std::vector<std::string>* alpn = nullptr) {
  return TestPort().shake_hands(server, client, host, alpn);
}
inline ErrorPair refused_handshake(const ServerContext& server, const ClientContext& client,
                                   std::string_view host = "localhost") {
  return TestPort().refused_handshake(server, client, host);
}

inline std::string read_all(runtime::Socket& socket, std::size_t piece = 16 * 1024) {
  std::string text;
  std::string buffer(piece, '\0');
  while (const std::size_t size = socket.read_some(buffer)) text.append(buffer, 0, size);
  return text;
}

inline std::string read_exactly(runtime::Socket& socket, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t size = socket.read_some(std::span(text).subspan(at));
    if (size == 0) throw Error(Code::unavailable, "the stream ended after " + std::to_string(at) + " bytes");
    at += size;
  }
  return text;
}

}  // namespace marty::tls::internal
