#include "marty/grpc/internal/target.hpp"

#include <charconv>

#include "marty/base/error.hpp"

namespace marty::grpc::internal {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw Error(Code::invalid_argument, "\"" + std::string(text) +
                                          "\" is no target of a gRPC channel: write host:port, as in shop:8080, or "
                                          "unix:/path");
}

}  // namespace

Target parse_target(std::string_view text) {
  Target target{.text = std::string(text)};
  if (text.starts_with("unix:")) {
    if (text.size() == 5) refuse(text);
    target.authority = "localhost";
    return target;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, target.port);
  if (parsed.ec != std::errc() || parsed.ptr != end || target.port == 0) refuse(text);
  target.authority = text;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/@ []") != std::string_view::npos) refuse(text);
  target.host = host;
  return target;
}

std::vector<runtime::Address> Target::resolve() const {
  if (host.empty()) return {runtime::Address::parse(text)};
  return runtime::resolve(host, port);
}

}  // namespace marty::grpc::internal
