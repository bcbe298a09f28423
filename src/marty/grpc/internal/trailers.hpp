// Trailing metadata where HTTP has no trailers to offer: "name: value\r\n" lines as Response keeps them, in other
// places.
#pragma once

#include <string>
#include <string_view>

namespace marty::grpc::internal {

// gRPC-Web: the last frame of the body, names in lower case.
std::string web_trailers(std::string_view lines);
// The body of a web_text request: Base64, in one or more segments that are each padded.
std::string decode_web_text(std::string_view text);

}  // namespace marty::grpc::internal
