// `grpc-message`: UTF-8 with percent-encoding (gRPC over HTTP/2, "Responses"). Everything but visible ASCII is encoded.
#pragma once

#include <string>
#include <string_view>

namespace marty::grpc::internal {

void append_status_text(std::string& out, std::string_view message);
// Never fails: what is not an encoding stays as it is, and bytes that are no UTF-8 become U+FFFD.
std::string parse_status_text(std::string_view text);

}  // namespace marty::grpc::internal
