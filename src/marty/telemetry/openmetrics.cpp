// OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
#include <charconv>
#include <cmath>

#include "marty/telemetry/internal/exposition.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

using internal::append_escaped;
using internal::append_number;
using internal::append_sample;

// What a family is called there: a counter without _total.
std::string_view family_name(const MetricFamily& family) {
  std::string_view name = family.name;
  if (family.kind == MetricKind::counter) name.remove_suffix(std::string_view("_total").size());
  return name;
}

// The unit at the end of a name; empty: none that we know.
std::string_view unit_of(std::string_view name) {
  for (const std::string_view unit : {"seconds", "bytes", "ratio", "celsius", "volts", "amperes", "joules", "grams"}) {
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_') return unit;
  }
  return {};
}

void append_head(std::string& out, const MetricFamily& family) {
  const std::string name(family_name(family));
  out += "# TYPE " + name + ' ';
  out += internal::type_name(family.kind);
  if (const std::string_view unit = unit_of(name); !unit.empty()) {
    out += "\n# UNIT " + name + ' ';
    out += unit;
  }
  out += "\n# HELP " + name + ' ';
  append_escaped(out, family.help, true);
  out += '\n';
}

void append_exemplar(std::string& out, const Exemplar& exemplar) {
  out += " # {trace_id=\"" + to_string(exemplar.trace_id) + "\",span_id=\"" + to_string(exemplar.span_id) + "\"} ";
  append_number(out, exemplar.value);
  out += ' ';
  char seconds[32];
  const double time = std::chrono::duration<double>(exemplar.time.time_since_epoch()).count();
  out.append(seconds, std::to_chars(seconds, seconds + sizeof seconds, time, std::chars_format::fixed, 3).ptr);
}

// One whose values may be negative has neither a sum nor, so, a count: a sum has to be a counter.
void append_openmetrics_histogram(std::string& out, const MetricFamily& family, const Series& series) {
  std::uint64_t cumulative = 0;
  auto exemplar = series.exemplars.begin();
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    const double bound = i < family.bounds.size() ? family.bounds[i] : INFINITY;
    cumulative += series.buckets[i];
    append_sample(out, family.name, "_bucket", series.labels, &bound, static_cast<double>(cumulative));
    if (exemplar != series.exemplars.end() && exemplar->value <= bound) append_exemplar(out, *exemplar++);
    out += '\n';
  }
  if (family.bounds.front() < 0) return;
  append_sample(out, family.name, "_sum", series.labels, nullptr, series.sum);
  out += '\n';
  append_sample(out, family.name, "_count", series.labels, nullptr, static_cast<double>(cumulative));
  out += '\n';
}

}  // namespace

std::string to_openmetrics(std::span<const MetricFamily> families) {
  std::string out;
  for (const MetricFamily& family : families) {
    if (family.series.empty()) continue;
    append_head(out, family);
    for (const Series& series : family.series) {
      if (family.kind == MetricKind::histogram) {
        append_openmetrics_histogram(out, family, series);
      } else if (family.kind == MetricKind::gauge || !std::isnan(series.value)) {  // a counter must not be NaN
        append_sample(out, family.name, "", series.labels, nullptr, series.value);
        out += '\n';
      }
    }
  }
  out += "# EOF\n";
  return out;
}

}  // namespace marty::telemetry
