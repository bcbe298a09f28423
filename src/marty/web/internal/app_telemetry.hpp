// App::Telemetry: what an application counts of its requests.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "marty/telemetry/standard.hpp"
#include "marty/web/app.hpp"

namespace marty::web {

// The series that requests count in, looked up once per route.
class App::Telemetry {
 public:
  Telemetry(const AppOptions& options, const std::vector<std::unique_ptr<Route>>& routes)
      : http_(*options.metrics, options.service), correlation_(*options.metrics) {
    for (const auto& route : routes) routes_.push_back(&http_.route(http::method_name(route->method), route->pattern));
    for (int method = 0; method <= int(http::Method::other); ++method)
      unmatched_.push_back(&http_.route(label_of(http::Method(method)), "unmatched"));
  }
  telemetry::HttpMetrics::Route& of(const Exchange& exchange) noexcept {
    const Route* const route = exchange.route();
    return route != nullptr ? *routes_[route->index] : *unmatched_[std::size_t(exchange.request().method)];
  }

  void record_rejected(std::uint8_t rejected) noexcept { correlation_.record(rejected); }

  // Counts a request for as long as it lives.
  class InFlight {
   public:
    InFlight(Telemetry* telemetry, const http::Request& request) {
      if (telemetry == nullptr) return;
      requests_ = telemetry->http_.in_flight(int(request.method), label_of(request.method), request.secure);
      requests_.add();
    }
    ~InFlight() { requests_.subtract(); }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

   private:
    telemetry::UpDownCounter requests_;  // none: counts nowhere
  };

 private:
  static std::string_view label_of(http::Method method) noexcept {
    return method == http::Method::other ? "_OTHER" : http::method_name(method);
  }

  telemetry::HttpMetrics http_;
  telemetry::CorrelationMetrics correlation_;
  std::vector<telemetry::HttpMetrics::Route*> routes_;
  std::vector<telemetry::HttpMetrics::Route*> unmatched_;  // by method
};

}  // namespace marty::web
