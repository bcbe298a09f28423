#include "marty/telemetry/slo.hpp"

namespace marty::telemetry {

std::vector<Slo> default_slos() {
  return {{.name = "availability", .kind = SloKind::availability, .objective = 0.999, .window = std::chrono::days(30)},
          {.name = "latency",
           .kind = SloKind::latency,
           .objective = 0.95,
           .window = std::chrono::days(7),
           .threshold = std::chrono::milliseconds(500)},
          {.name = "success", .kind = SloKind::success, .objective = 0.99, .window = std::chrono::days(7)}};
}

}  // namespace marty::telemetry
