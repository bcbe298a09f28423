// Format: how the messages of a call are framed and written, which its Content-Type says. Three protocols carry the
// same calls: gRPC over HTTP/2, gRPC-Web, and Connect (https://connectrpc.com/docs/protocol).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marty::grpc::internal {

enum class Framing : std::uint8_t {
  grpc,            // length-prefixed messages, status in the trailers
  web,             // the same, with the trailers as a last frame of the body
  web_text,        // web, in Base64
  connect,         // unary: the message is the body
  connect_stream,  // length-prefixed messages, the status in a last one
};
enum class Codec : std::uint8_t { proto, json };

struct Format {
  Framing framing = Framing::grpc;
  Codec codec = Codec::proto;
  std::string_view content_type;  // as we write it

  bool is_connect() const noexcept { return framing == Framing::connect || framing == Framing::connect_stream; }
};

// Nothing where the media type is none of them. Parameters count for nothing.
std::optional<Format> parse_format(std::string_view content_type) noexcept;

// "grpc-encoding" and its kin: how a message is compressed, and how the other side may compress.
std::string_view encoding_name(Framing framing) noexcept;
std::string_view accept_encoding_name(Framing framing) noexcept;

}  // namespace marty::grpc::internal
