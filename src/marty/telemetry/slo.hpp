// Slo: a service level objective – which share of the requests has to be good, over which time
// (https://sre.google/workbook/implementing-slos/).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {

// What makes a request good. availability: it did not end in a failure of the service (5xx). success: it did not end in
// an error at all (4xx neither). latency: it was answered in time, with whatever.
enum class SloKind { availability, success, latency };

struct Slo {
  std::string name;  // letters, digits and '-': in metrics and alerts
  SloKind kind = SloKind::availability;
  double objective = 0.999;  // above 0, below 1
  runtime::Duration window = std::chrono::days(30);
  runtime::Duration threshold = std::chrono::milliseconds(500);  // of latency: one of kLatencyBounds
  std::string route;  // a pattern, "/api/v1/pets/{id}"; empty: all routes of the API
};

// availability 99.9 % over 30 days, 95 % below 500 ms over 7 days, success 99 % over 7 days.
std::vector<Slo> default_slos();

// Requests since some time: cumulative. Where one goes down, it has started over from 0.
struct SloCount {
  double good = 0;
  double total = 0;
};

// Whether a route is the service's API, and not what it serves of itself (/health, /metrics, /docs, gRPC's own
// services, ...) or "unmatched".
bool is_api_route(std::string_view route);
// The others, as a regular expression for the whole label (https://github.com/google/re2/wiki/Syntax).
inline constexpr std::string_view kOwnRoutes =
    "unmatched|/(health|docs)(/.*)?|/(info|metrics)|/openapi.json|/grpc[.].*";

// Of the family mmf_request_duration_seconds.
SloCount count_requests(const Slo& slo, const MetricFamily& durations);

}  // namespace marty::telemetry
