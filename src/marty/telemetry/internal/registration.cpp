// What Prometheus and OpenMetrics want of names, labels and bounds.
#include <algorithm>
#include <cmath>

#include "marty/base/error.hpp"
#include "marty/telemetry/internal/attributes.hpp"
#include "marty/telemetry/internal/registry.hpp"

namespace marty::telemetry::internal {
namespace {

constexpr std::size_t kMaxBounds = 200;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// "http.request.method": names with points between them.
bool is_attribute_name(std::string_view name) {
  for (;;) {
    const std::size_t end = name.find('.');
    if (!is_name(name.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 1);
  }
}

std::string find_label_fault(const Labels& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& name = labels[i].name;
    if (is_attribute(name) ? !is_attribute_name(name) : !is_name(name) || name.starts_with("__") || name == "le") {
      return "label '" + name +
             "' must be letters, digits and '_', not begin with a digit or \"__\", and not be \"le\"";
    }
    if (i > 0 && is_attribute(labels[i - 1].name) && !is_attribute(name))
      return "label '" + name + "' must stand before those with a '.'";
    if (std::ranges::count(labels, name, &Label::name) > 1) return "label '" + name + "' is there twice";
  }
  return {};
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
  if (std::string fault = find_label_fault(metric.labels); !fault.empty()) return fault;
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
