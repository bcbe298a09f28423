#include "marty/http/internal/outgoing.hpp"

#include "marty/base/error.hpp"
#include "marty/http/internal/characters.hpp"

namespace marty::http::internal {
namespace {

bool is_set_by_client(std::string_view name) {
  return header_name_equals(name, "content-length") || header_name_equals(name, "transfer-encoding") ||
         header_name_equals(name, "connection");
}

}  // namespace

void check_outgoing_header(std::string_view name, std::string_view value) {
  if (name.empty() || !all_in_class(name, kToken) || !all_in_class(value, kFieldByte)) {
    throw Error(Code::invalid_argument, "the request header \"" + std::string(name) +
                                            "\" holds characters that HTTP forbids (RFC 9110 section 5)");
  }
  if (is_set_by_client(name)) {
    throw Error(Code::invalid_argument,
                "the request header " + std::string(name) + " is the client's to set: it follows from the body");
  }
}

std::optional<std::uint64_t> told_length(const OutgoingRequest& request) {
  const auto length =
      request.stream != nullptr ? request.stream->length() : std::optional(std::uint64_t{request.body.size()});
  const bool expects_body =
      request.method == Method::post || request.method == Method::put || request.method == Method::patch;
  return length && (*length != 0 || expects_body) ? length : std::nullopt;
}

}  // namespace marty::http::internal
