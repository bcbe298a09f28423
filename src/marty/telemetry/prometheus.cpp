// The text exposition format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
#include <cmath>

#include "marty/telemetry/internal/exposition.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

using internal::append_escaped;

void append_line(std::string& out, const MetricFamily& family, std::string_view suffix, const Labels& labels,
                 const double* bound, double value) {
  internal::append_sample(out, family.name, suffix, labels, bound, value);
  out += '\n';
}

void append_histogram(std::string& out, const MetricFamily& family, const Series& series) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    const double bound = i < family.bounds.size() ? family.bounds[i] : INFINITY;
    cumulative += series.buckets[i];
    append_line(out, family, "_bucket", series.labels, &bound, static_cast<double>(cumulative));
  }
  append_line(out, family, "_sum", series.labels, nullptr, series.sum);
  append_line(out, family, "_count", series.labels, nullptr, static_cast<double>(cumulative));
}

}  // namespace

std::string to_prometheus(std::span<const MetricFamily> families) {
  std::string out;
  for (const MetricFamily& family : families) {
    if (family.series.empty()) continue;
    out += "# HELP " + family.name + ' ';
    append_escaped(out, family.help, false);
    out += "\n# TYPE " + family.name + ' ';
    out += internal::type_name(family.kind);
    out += '\n';
    for (const Series& series : family.series) {
      if (family.kind == MetricKind::histogram) {
        append_histogram(out, family, series);
      } else {
        append_line(out, family, "", series.labels, nullptr, series.value);
      }
    }
  }
  return out;
}

}  // namespace marty::telemetry
