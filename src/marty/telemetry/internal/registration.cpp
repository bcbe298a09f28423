// What Prometheus and OpenMetrics want of names, labels and bounds.
#include <algorithm>
#include <cmath>

#include "marty/base/error.hpp"
#include "marty/telemetry/internal/registry.hpp"

namespace marty::telemetry::internal {
namespace {

constexpr std::size_t kMaxBounds = 200;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// What is wrong, as the end of a sentence; empty: nothing.
std::string find_fault(const Registration& metric) {
  const bool counter = metric.kind == MetricKind::counter;
  if (!is_name(metric.name)) return "its name must be letters, digits and '_', and not begin with a digit";
  if (counter && !metric.name.ends_with("_total")) return "the name of a counter must end in _total";
  if (!counter && metric.name.ends_with("_total")) return "only the name of a counter may end in _total";
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (metric.name.ends_with(suffix))
      return "its name must not end in " + std::string(suffix) + ": histograms use that";
  }
  if (metric.help.empty()) return "it needs a help text";
  for (const Label& label : metric.labels) {
    if (!is_name(label.name) || label.name.starts_with("__") || label.name == "le") {
      return "label '" + label.name +
             "' must be letters, digits and '_', not begin with a digit or \"__\", and not be \"le\"";
    }
    if (std::ranges::count(metric.labels, label.name, &Label::name) > 1)
      return "label '" + label.name + "' is there twice";
  }
  if (metric.bounds.size() > kMaxBounds) return "it has more than 200 bounds";
  if (metric.kind == MetricKind::histogram) {
    const auto ascending = std::ranges::adjacent_find(metric.bounds, std::greater_equal<>()) == metric.bounds.end();
    const auto finite = std::ranges::all_of(metric.bounds, [](double bound) { return std::isfinite(bound); });
    if (metric.bounds.empty() || !ascending || !finite) return "its bounds must be finite, ascending, and at least one";
  }
  return {};
}

}  // namespace

void check_registration(const Registration& registration) {
  const std::string fault = find_fault(registration);
  if (fault.empty()) return;
  throw Error(Code::invalid_argument, "metric '" + std::string(registration.name) + "': " + fault);
}

}  // namespace marty::telemetry::internal
