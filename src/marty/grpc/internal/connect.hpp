// What is Connect's own (https://connectrpc.com/docs/protocol): errors as JSON, the last message of a stream, unary
// requests by GET, trailing metadata as headers.
#pragma once

#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/format.hpp"
#include "marty/grpc/internal/status_details.hpp"
#include "marty/http/message.hpp"

namespace marty::grpc::internal {

// Throws invalid_argument for a version of the protocol other than 1.
void check_connect_version(const http::Request& request);

std::string_view connect_code_name(Code code) noexcept;  // "canceled"
int connect_status(Code code) noexcept;                  // the HTTP status of a unary error
std::string connect_error(const Status& status);
// The frame that ends a stream. `status` may be null: all went well.
std::string end_of_stream(std::string_view trailers, const Status* status);
// "name" -> "trailer-name".
void move_trailers_to_headers(http::Response& response);

// A request by GET: ?connect=v1&encoding=json&message=...&base64=1&compression=gzip.
Format query_format(std::string_view query);
struct QueryMessage {
  std::string bytes;
  bool compressed = false;
};
QueryMessage query_message(std::string_view query);

}  // namespace marty::grpc::internal
