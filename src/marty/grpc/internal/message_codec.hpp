// Messages as bytes, compressed or not, for both sides of a call.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>

#include "marty/grpc/internal/format.hpp"

namespace marty::grpc::internal {

constexpr std::size_t kMinCompressedBytes = 1024;  // of a message that nobody asked to be compressed

// Appends the message. Throws internal where it cannot be written as JSON.
void append_message(std::string& out, const google::protobuf::Message& message, Codec codec);

// The message with its frame; gzipped where `compress`.
void append_framed(std::string& out, const google::protobuf::Message& message, Codec codec, bool compress);

// Nothing where it went well; otherwise what is wrong, as a sentence for whoever sent the bytes.
std::optional<std::string> parse_message(std::string_view bytes, Codec codec, google::protobuf::Message& message);

// The content of a gzipped message. Throws resource_exhausted (larger than max_bytes), invalid_argument (no gzip).
std::string inflate(std::string_view bytes, std::size_t max_bytes);

}  // namespace marty::grpc::internal
