// Binary metadata: names that end in "-bin" hold Base64 (RFC 4648 section 4), written without padding and read with or
// without it (gRPC over HTTP/2, "Custom-Metadata").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/grpc/channel.hpp"
#include "marty/http/message.hpp"

namespace marty::grpc::internal {

inline bool is_binary(std::string_view name) noexcept { return name.ends_with("-bin"); }

// Whether a caller may send it ("Custom-Metadata"): a name in lower case that is not the protocol's own, a value of
// printable ASCII.
bool is_valid_metadata(std::string_view name, std::string_view value) noexcept;

// What a peer has sent, in order: without the fields of the protocol itself, values of "-bin" names as bytes.
Metadata read_metadata(const http::HeaderList& fields);

std::string encode_binary(std::string_view bytes);
std::optional<std::string> decode_binary(std::string_view text);
// The values of a field: several where there are commas; none of them has to hold a byte. What is no Base64 is left
// out.
std::vector<std::string> decode_binaries(std::string_view text);

}  // namespace marty::grpc::internal
