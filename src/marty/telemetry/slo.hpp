// Slo: a service level objective – which share of the requests has to be good, over which time
// (https://sre.google/workbook/implementing-slos/).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::telemetry {

// What makes a request good. availability: it did not end in a failure of the service (5xx). success: it did not end in
// an error at all (4xx neither). latency: it was answered, in time.
enum class SloKind { availability, success, latency };

struct Slo {
  std::string name;  // letters, digits and '-': in metrics and alerts
  SloKind kind = SloKind::availability;
  double objective = 0.999;  // above 0, below 1
  runtime::Duration window = std::chrono::days(30);
  runtime::Duration threshold = std::chrono::milliseconds(500);  // of latency
  std::string route;  // a pattern, "/api/v1/pets/{id}"; empty: all routes of the API
};

// availability 99.9 % over 30 days, 95 % below 500 ms over 7 days, success 99 % over 7 days.
std::vector<Slo> default_slos();

}  // namespace marty::telemetry
