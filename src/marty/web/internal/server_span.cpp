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

std::vector<const SpanSite*> sites_of(const Route& route) {
  if (route.protocol == nullptr)
    return {&SpanSite::get(route.name(),
                           {{"http.request.method", http::method_name(route.method)}, {"http.route", route.pattern}})};
  std::vector<const SpanSite*> sites;
  const std::string_view method = without_slash(route.pattern);
  for (const std::string_view system : route.protocol->systems())
    sites.push_back(&SpanSite::get(method, {{"rpc.system.name", system}, {"rpc.method", method}}));
  return sites;
}

std::string status_name(Exchange& exchange, Code code) {
  const Protocol& protocol = *exchange.route()->protocol;
  return protocol.status_name(protocol.system_of(exchange.request()), code);
}

bool is_call(const Exchange& exchange) noexcept {
  return exchange.route() != nullptr && exchange.route()->protocol != nullptr;
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
  for (const auto& route : routes) routes_.push_back(sites_of(*route));
  for (int method = 0; method <= int(http::Method::other); ++method) {
    const auto name = http::method_name(http::Method(method));
    const bool known = http::Method(method) != http::Method::other;
    unmatched_.push_back(&SpanSite::get(known ? name : "HTTP", {{"http.request.method", known ? name : "_OTHER"}}));
  }
}

const SpanSite& ServerSpans::site(const Route* route, const http::Request& request) const noexcept {
  if (route == nullptr) return *unmatched_[std::size_t(request.method)];
  return *routes_[route->index][route->protocol != nullptr ? route->protocol->system_of(request) : 0];
}

void ServerSpans::begin(Span& span, Exchange& exchange) {
  if (!span.recording()) return;
  const http::Request& request = exchange.request();
  std::string path;
  if (request.method == http::Method::other) span.set_known("http.request.method_original", request.method_text);
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

// The type is what the status says, where the conventions have the status say it.
void ServerSpans::fail(Span& span, Exchange& exchange, const Error& error) {
  if (!span.recording() || !is_failure_of_service(exchange.route(), error)) return;
  if (is_call(exchange)) return span.fail(error.message(), status_name(exchange, error.code()));
  span.fail(error);
}

void ServerSpans::end(Span& span, Exchange& exchange) {
  if (!span.recording()) return;
  if (is_call(exchange)) {
    span.set_known("rpc.response.status_code", status_name(exchange, exchange.failure().value_or(Code::ok)));
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
