// Http2Connection: an HTTP/2 connection (RFC 9113) as a client uses it: many exchanges at a time, each a stream that
// fibers write to and read from at once. Protocols such as gRPC are built on it; for plain requests there is Client.
//
//   http::Http2Connection connection(runtime::connect("shop", 8080));
//   http::ClientStream events = connection.open({.authority = "shop:8080", .path = "/events"});
//   events.write(order);                                  // waits while the server is slow
//   events.finish();
//   if (events.status() != 200) ...                       // waits for the head of the reply
//   while (!(piece = events.read_piece()).empty()) use(piece);
//   use(events.trailers());
//
// Both belong to one loop and are used by its fibers. Waits obey deadline and cancellation of the fiber.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::http {

namespace internal {
class Http2Client;
class Http2ClientStream;
}  // namespace internal

struct Http2ConnectionOptions {
  std::size_t stream_window_bytes = 256 << 10;                 // of a body that nobody has read yet
  std::size_t connection_window_bytes = 1 << 20;               // the same of all bodies
  std::size_t header_bytes = 32 << 10;                         // of the head of a reply
  runtime::Duration ping_interval{0};                          // after so much silence beside open streams; 0: never
  runtime::Duration ping_timeout = std::chrono::seconds(20);   // of the answer; then the connection is cut
  runtime::Duration write_timeout = std::chrono::seconds(30);  // a server that takes nothing for that long is cut
};

// How an exchange begins. Nothing is checked: names and values have to be valid (RFC 9113 section 8.2.1). Names may be
// in any case.
struct StreamHead {
  std::string_view method = "POST";
  std::string_view scheme = "http";
  std::string_view authority;
  std::string_view path = "/";
  std::span<const Header> headers;
  std::span<const Header> unique_headers;  // with values that will not come again: ids, times
};

// One exchange. Move-only; where it goes before its end, the server is told to stop (RST_STREAM, CANCEL). Throws Error:
// unavailable (reset, refused or cut), deadline_exceeded, cancelled, out_of_range (a head or a body that is too large).
class ClientStream {
 public:
  ClientStream(ClientStream&& other) noexcept;
  ClientStream& operator=(ClientStream&& other) noexcept;
  ~ClientStream();

  void write(std::string_view bytes);  // waits while 64 KiB are on their way
  void flush();                        // now, not just when this fiber next waits
  void finish();                       // nothing more will be written

  int status();                         // of the reply; waits for its head
  bool has_head() const noexcept;       // status() would not wait
  HeaderList headers() const noexcept;  // of the reply. REQUIRES status()
  std::string_view read_piece();        // at least one byte, valid until the next read; empty at the end
  std::string_view read_all(std::size_t max_bytes);
  BodySource& body() noexcept;           // the same reads
  HeaderList trailers() const noexcept;  // once the body has ended
  bool has_ended() const noexcept;       // all of the reply has arrived

  // Ends it now; reads throw cancelled. `error_code`: of RFC 9113 section 7; 8 is CANCEL.
  void reset(std::uint32_t error_code = 8) noexcept;
  // Nothing of it has been carried out, so that it may be sent again (RFC 9113 section 8.7).
  bool is_untouched() const noexcept;
  // The code with which the server has reset it (RFC 9113 section 7).
  std::optional<std::uint32_t> reset_code() const noexcept;

 private:
  friend class Http2Connection;
  explicit ClientStream(internal::Http2ClientStream& stream) noexcept : stream_(&stream) {}
  internal::Http2ClientStream* stream_;
};

class Http2Connection {
 public:
  // `socket` is connected, and secured where it has to be; the server is known to speak HTTP/2.
  explicit Http2Connection(runtime::Socket socket, const Http2ConnectionOptions& options = {});
  ~Http2Connection();  // cuts what is open
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // The head goes out with what is written before this fiber next waits. Where the server allows no further stream, it
  // waits in the background. Throws unavailable where the connection takes none any more.
  ClientStream open(const StreamHead& head);
  // The same with the whole body, for which nobody waits. It is copied.
  ClientStream open(const StreamHead& head, std::string_view body);

  bool is_usable() const noexcept;           // neither broken nor told to end
  std::size_t streams() const noexcept;      // that are open
  std::size_t max_streams() const noexcept;  // that the server allows

 private:
  ClientStream start(const StreamHead& head, std::optional<std::string_view> body);
  internal::Http2Client* client_;
};

}  // namespace marty::http
