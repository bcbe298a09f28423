// Metric names: what our metrics are called in OpenTelemetry's semantic conventions (1.44), and their units.
// docs/guide/telemetry.md has the same table.
#pragma once

#include <span>
#include <string_view>

#include "marty/telemetry/metrics.hpp"

namespace marty::otlp::internal {

enum class DataKind : std::uint8_t { gauge, monotonic_sum, sum, histogram };

// What becomes of a label: an attribute of another name; a number where the convention wants one; no attribute where it
// has the value that says that there is none.
struct AttributeName {
  std::string_view label;
  std::string_view attribute;
  bool is_number = false;
  std::string_view none;
};

struct MetricName {
  std::string_view family;  // ours
  std::string_view name;    // the convention's
  std::string_view unit;    // UCUM
  DataKind kind;
  std::span<const AttributeName> attributes;  // other labels keep their names; an empty one is no attribute
};

std::span<const MetricName> metric_names() noexcept;

// Of any family: its row, or its own name with the unit that its suffix tells.
MetricName name_of(const telemetry::MetricFamily& family) noexcept;

}  // namespace marty::otlp::internal
