// Attributes: labels with a '.' in their names, which only OpenTelemetry's way out carries. Prometheus cannot have such
// names, and sees the sums over them.
#pragma once

#include <string_view>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry::internal {

inline bool is_attribute(std::string_view label) noexcept { return label.find('.') != std::string_view::npos; }

// Of series that differ in attributes only, one; without the attributes. REQUIRES that these are adjacent, as they are
// where attributes stand behind the other labels. Of two exemplars of a bucket the later stays.
void fold_attributes(MetricFamily& family);

}  // namespace marty::telemetry::internal
