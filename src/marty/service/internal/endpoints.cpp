// What every service serves besides its own routes.
#include "marty/service/internal/state.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/web.hpp"

namespace marty {
namespace {

struct Liveness {
  std::string status;
};

struct ServiceInfo {
  std::string name;
  std::string version;
  std::string description;
  std::string environment;
};

Reply<health::HealthReport> reply_when(bool good, health::HealthReport report) {
  return {.status = good ? 200 : 503, .headers = {{"cache-control", "no-store"}}, .value = std::move(report)};
}

// Prometheus prefers OpenMetrics, for the exemplars; who has no preference gets what is older and known to more.
web::Blob exposition(const http::Request& request, const telemetry::Metrics& metrics) {
  const http::ListField accept = request.list("accept");
  if (web::media_quality(accept, "application/openmetrics-text") > web::media_quality(accept, "text/plain"))
    return {metrics.openmetrics(), std::string(telemetry::kOpenMetricsContentType)};
  return {metrics.prometheus(), std::string(telemetry::kPrometheusContentType)};
}

}  // namespace

void Service::State::add_endpoints() {
  app.get(
         "/health/live", [] { return Liveness{"alive"}; }, "The process answers")
      .tag(std::string(kServiceTag))
      .sampling(0);
  app.get(
         "/health/startup",
         [this] { return reply_when(health->phase() != health::Health::Phase::starting, health->summary()); },
         "The service has started")
      .tag(std::string(kServiceTag))
      .sampling(0)
      .response<health::HealthReport>(503, "It has not yet");
  app.get(
         "/health/ready",
         [this] {
           health::HealthReport report = health->report();
           const bool ready = health->ready(report);
           return reply_when(ready, std::move(report));
         },
         "Requests are welcome")
      .tag(std::string(kServiceTag))
      .sampling(0)
      .response<health::HealthReport>(503, "Send them elsewhere");
  app.get(
         "/health",
         [this] {
           health::HealthReport report = health->report();
           const bool good = report.status != health::HealthStatus::unhealthy;
           return reply_when(good, std::move(report));
         },
         "Every component and how it is")
      .tag(std::string(kServiceTag))
      .sampling(0)
      .response<health::HealthReport>(503, "A required one is not well");
  app.get(
         "/info",
         [this] {
           return ServiceInfo{name, description.version, description.description, environment};
         },
         "What this service is")
      .tag(std::string(kServiceTag))
      .sampling(0);
  app.get(
         "/metrics",
         [this](const http::Request& request, http::Response& response) {
           web::add_vary(response, "Accept");
           return exposition(request, metrics);
         },
         "Metrics in the text format of Prometheus, or OpenMetrics where that is preferred")
      .produces(std::string(telemetry::kPrometheusContentType))
      .produces(std::string(telemetry::kOpenMetricsContentType))
      .tag(std::string(kServiceTag))
      .sampling(0);
}

}  // namespace marty
