// For the tests of HTTP/2: a client that sends frames as they are, and reads them.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <vector>

#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {

struct Http2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;
  std::string payload;

  bool ends_stream() const noexcept { return (flags & NGHTTP2_FLAG_END_STREAM) != 0; }
  // Of RST_STREAM (at 0) or GOAWAY (at 4).
  std::uint32_t number(std::size_t at = 0) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<std::uint8_t>(payload.at(i));
    return value;
  }
};

inline std::string big_endian(std::uint32_t value, std::size_t bytes = 4) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[bytes - 1 - i] = static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload = {}) {
  return big_endian(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + big_endian(static_cast<std::uint32_t>(stream)) + std::string(payload);
}

// A field as a literal without indexing (RFC 7541 section 6.2.2); both texts shorter than 127 bytes.
inline std::string field(std::string_view name, std::string_view value) {
  std::string text(1, '\0');
  for (const std::string_view part : {name, value}) {
    text += static_cast<char>(part.size());
    text += part;
  }
  return text;
}

inline std::string request_fields(std::string_view method = "GET", std::string_view path = "/") {
  return field(":method", method) + field(":scheme", "http") + field(":path", path) + field(":authority", "a");
}

inline std::string headers_frame(std::int32_t stream, std::string_view fields, bool ends_stream = true,
                                 bool ends_headers = true) {
  const int flags = (ends_stream ? NGHTTP2_FLAG_END_STREAM : 0) | (ends_headers ? NGHTTP2_FLAG_END_HEADERS : 0);
  return frame(NGHTTP2_HEADERS, static_cast<std::uint8_t>(flags), stream, fields);
}

inline std::string window_update(std::int32_t stream, std::uint32_t bytes) {
  return frame(NGHTTP2_WINDOW_UPDATE, 0, stream, big_endian(bytes));
}

class Http2RawClient {
 public:
  // `settings`: the payload of the first SETTINGS frame.
  explicit Http2RawClient(const runtime::Address& address, std::string_view settings = {}) : raw_(address) {
    raw_.send(NGHTTP2_CLIENT_MAGIC + frame(NGHTTP2_SETTINGS, 0, 0, settings));
  }

  void send(std::string_view bytes) { raw_.send(bytes); }
  RawClient& raw() { return raw_; }

  // The next frame; one of type 255 where the server has closed.
  Http2Frame read() {
    while (received_.size() < 9 || received_.size() < 9 + length()) {
      if (!more()) return {.type = 255};
    }
    Http2Frame result;
    const std::size_t size = length();
    result.type = byte(3);
    result.flags = byte(4);
    result.stream = static_cast<std::int32_t>(number(5, 4) & 0x7fffffff);
    result.payload = received_.substr(9, size);
    received_.erase(0, 9 + size);
    return result;
  }
  // The next one of that type, on that stream; others before it are dropped. Type 255 where it does not come.
  Http2Frame read_until(std::uint8_t type, std::int32_t stream = -1) {
    for (;;) {
      Http2Frame next = read();
      if (next.type == 255 || (next.type == type && (stream < 0 || next.stream == stream))) return next;
    }
  }
  // All DATA of a stream up to its end.
  std::string read_body(std::int32_t stream) {
    std::string body;
    for (;;) {
      const Http2Frame next = read();
      if (next.type == 255) return body + "(cut)";
      if (next.stream != stream) continue;
      if (next.type == NGHTTP2_RST_STREAM) return body + "(reset)";
      if (next.type == NGHTTP2_DATA) body += next.payload;
      if (next.ends_stream()) return body;
    }
  }
  // The error code with which the server says good-bye; then it has to close.
  std::uint32_t read_goaway() {
    const Http2Frame goaway = read_until(NGHTTP2_GOAWAY);
    if (goaway.type == 255) return ~0u;
    while (read().type != 255) {
    }
    return goaway.number(4);
  }

 private:
  bool more() {
    try {
      const runtime::DeadlineScope scope(std::chrono::seconds(20));
      char buffer[16 * 1024];
      const std::size_t size = raw_.socket().read_some(buffer);
      received_.append(buffer, size);
      return size != 0;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      return false;  // reset
    }
  }
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(received_[at]); }
  std::uint32_t number(std::size_t at, std::size_t bytes) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + bytes; ++i) value = value << 8 | byte(i);
    return value;
  }
  std::size_t length() const { return number(0, 3); }

  RawClient raw_;
  std::string received_;
};

// A server of HTTP/2 and a connection to it.
struct Http2TestServer : TestServer {
  explicit Http2TestServer(std::function<void(Request&, Response&)> function, ServerLimits limits = {})
      : TestServer(std::move(function), limits), connection(runtime::connect(server.address())) {}
  Http2Connection connection;
};

}  // namespace marty::http::internal
