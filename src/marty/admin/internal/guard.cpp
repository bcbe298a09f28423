#include "marty/admin/internal/guard.hpp"

#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/runtime/net.hpp"

namespace marty::admin::internal {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// "127.0.0.1:9000", "[::1]", "localhost:9000".
std::string_view host_of(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    authority = authority.substr(0, colon);
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  return authority;
}

bool is_ip_address(std::string_view host) {
  try {
    return !runtime::Address::ip(host, 0).is_unix();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void check_origin(const http::Request& request) {
  const std::string_view host = host_of(request.authority);
  if (!equals_ignore_case(host, "localhost") && !is_ip_address(host))
    throw Error(Code::permission_denied,
                "these pages answer to localhost and to IP addresses, not to names that anybody may have given them: "
                "open them by one of those");
  if (http::is_safe(request.method)) return;
  const auto origin = request.headers.find("origin");
  const auto site = request.headers.find("sec-fetch-site");
  const bool own_origin =
      !origin || *origin == (request.secure ? "https://" : "http://") + std::string(request.authority);
  if (own_origin && (!site || *site == "same-origin" || *site == "none")) return;
  throw Error(Code::permission_denied, "a page of another site sent this: use the form of these pages");
}

void guard(http::Request& request, http::Response& response, web::Next next) {
  response.set_header("cache-control", "no-store");
  response.set_header("content-security-policy", kPolicy);
  response.set_header("cross-origin-resource-policy", "same-origin");
  response.set_header("referrer-policy", "same-origin");
  response.set_header("x-content-type-options", "nosniff");
  check_origin(request);
  next();
}

}  // namespace marty::admin::internal
