#include "marty/http/internal/client_span.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "marty/http/internal/url.hpp"

namespace marty::http::internal {
namespace {

using telemetry::SpanSite;

const SpanSite& site_of(Method method) {
  static const auto sites = [] {
    std::array<const SpanSite*, std::size_t(Method::other) + 1> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool known = Method(i) != Method::other;
      const std::string_view name = method_name(Method(i));
      all[i] = &SpanSite::get(known ? name : "HTTP", {{"http.request.method", known ? name : "_OTHER"}});
    }
    return all;
  }();
  return *sites[std::size_t(method)];
}

bool has_header(const OutgoingRequest& request, std::string_view name) {
  return std::ranges::any_of(request.headers,
                             [&](const auto& header) { return header_name_equals(header.first, name); });
}

void describe(telemetry::Span& span, const OutgoingRequest& request) {
  if (!span.recording()) return;
  const Url url = parse_url(request.url);
  span.set_known("server.address", url.host);
  span.set_known("server.port", url.port);
  span.set_known("url.full", redacted_url(url));
}

}  // namespace

ClientSpan::ClientSpan(OutgoingRequest& request, telemetry::Identity identity)
    : span_(site_of(request.method), telemetry::SpanKind::client) {
  describe(span_, request);
  const telemetry::Context& context = telemetry::current();
  if (!context.trace_id.valid() || has_header(request, "traceparent")) return;
  context.inject(
      [&](std::string_view name, std::string_view value) {
        if (!has_header(request, name)) request.headers.emplace_back(name, value);
      },
      identity);
}

void ClientSpan::replied(int status) noexcept {
  if (!span_.recording()) return;
  span_.set_known("http.response.status_code", status);
  if (status >= 400) span_.fail({}, std::to_string(status));
}

}  // namespace marty::http::internal
