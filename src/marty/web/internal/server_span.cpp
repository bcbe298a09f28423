#include "marty/web/internal/server_span.hpp"

#include <charconv>
#include <string>

#include "marty/telemetry/redaction.hpp"
#include "marty/web/protocol.hpp"

namespace marty::web::internal {
namespace {

using telemetry::Span;
using telemetry::SpanSite;

constexpr std::size_t kMaxQueryBytes = 128;  // that the other attributes find room

std::string_view without_slash(std::string_view pattern) { return pattern.substr(pattern.starts_with('/') ? 1 : 0); }

const SpanSite& site_of(const Route& route) {
  if (route.protocol != nullptr) {
    const std::string_view method = without_slash(route.pattern);
    return SpanSite::get(method, {{"rpc.system.name", route.protocol->name()}, {"rpc.method", method}});
  }
  return SpanSite::get(route.name(),
                       {{"http.request.method", http::method_name(route.method)}, {"http.route", route.pattern}});
}

// "shop:8080", "[::1]:8080", "shop".
void set_server(Span& span, std::string_view authority) {
  if (authority.empty()) return;
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  int port = 0;
  if (has_port) std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
  span.set_known("server.address", authority.substr(0, has_port ? colon : authority.size()));
  if (port > 0) span.set_known("server.port", port);
}

std::string_view version_text(const http::Request& request) {
  if (request.version_major == 2) return "2";
  return request.version_minor == 0 ? "1.0" : "1.1";
}

}  // namespace

ServerSpans::ServerSpans(const std::vector<std::unique_ptr<Route>>& routes) {
  for (const auto& route : routes) routes_.push_back(&site_of(*route));
  for (int method = 0; method <= int(http::Method::other); ++method) {
    const auto name = http::method_name(http::Method(method));
    const bool known = http::Method(method) != http::Method::other;
    unmatched_.push_back(&SpanSite::get(known ? name : "HTTP", {{"http.request.method", known ? name : "_OTHER"}}));
  }
}

const SpanSite& ServerSpans::site(const Route* route, http::Method method) const noexcept {
  return route != nullptr ? *routes_[route->index] : *unmatched_[std::size_t(method)];
}

void ServerSpans::begin(Span& span, Exchange& exchange) {
  if (!span.recording()) return;
  const http::Request& request = exchange.request();
  std::string path;
  span.set_known("url.scheme", request.secure ? "https" : "http");
  span.set_known("url.path", exchange.redacted_path(path));
  if (const std::string_view query = request.query(); !query.empty())
    span.set_known("url.query", telemetry::redacted_query(query.substr(0, kMaxQueryBytes)));
  set_server(span, request.authority);
  span.set_known("network.protocol.version", version_text(request));
  if (request.peer != nullptr && !request.peer->is_unix()) span.set_known("client.address", request.peer->host());
  if (const std::string_view agent = request.header("user-agent"); !agent.empty())
    span.set_known("user_agent.original", agent);
}

void ServerSpans::end(Span& span, const Exchange& exchange) {
  if (!span.recording()) return;
  if (exchange.route() != nullptr && exchange.route()->protocol != nullptr) {
    span.set_known("rpc.response.status_code", telemetry::rpc_status_name(exchange.failure().value_or(Code::ok)));
    return;
  }
  span.set_known("http.response.status_code", exchange.outcome());
  if (exchange.outcome() >= 500 && !exchange.failure()) span.fail({}, std::to_string(exchange.outcome()));
}

bool is_failure_of_service(const Route* route, const Error& error) noexcept {
  if (route == nullptr || route->protocol == nullptr) return error.http_status() >= 500;
  switch (error.code()) {
    case Code::unknown:
    case Code::deadline_exceeded:
    case Code::unimplemented:
    case Code::internal:
    case Code::unavailable:
    case Code::data_loss:
      return true;
    case Code::resource_exhausted:  // ours, or what the caller may ask of us
    case Code::aborted:
    case Code::failed_precondition:
      return error.http_status() >= 500;
    default:
      return false;
  }
}

}  // namespace marty::web::internal
