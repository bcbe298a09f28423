// standard_families: every metric that a service may show by itself – name, help, kind, labels and bounds, without
// values. docs/reference/metrics.md lists them; dashboards and rules may ask for nothing else.
//
//   for (const MetricFamily& family : telemetry::standard_families()) ...    // by name; one series with placeholders
#pragma once

#include <vector>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {

std::vector<MetricFamily> standard_families();

}  // namespace marty::telemetry
