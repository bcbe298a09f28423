#include <algorithm>
#include <charconv>
#include <cmath>

#include "marty/base/error.hpp"
#include "marty/telemetry/internal/registry.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

constexpr std::size_t kMaxBounds = 200;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// What is wrong, as the end of a sentence; empty: nothing.
std::string find_fault(const internal::Registration& metric) {
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

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
    const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(value)).ptr
                           : std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
  }
}

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && in_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// One line: name_suffix{labels,le="bound"} value
void append_sample(std::string& out, const MetricFamily& family, std::string_view suffix, const Labels& labels,
                   const double* bound, double value) {
  out += family.name;
  out += suffix;
  char open = '{';
  for (const Label& label : labels) {
    out += open;
    out += label.name;
    out += "=\"";
    append_escaped(out, label.value, true);
    out += '"';
    open = ',';
  }
  if (bound != nullptr) {
    out += open;
    out += "le=\"";
    append_number(out, *bound);
    out += '"';
    open = ',';
  }
  out += open == ',' ? "} " : " ";
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, const MetricFamily& family, const Series& series) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    const double bound = i < family.bounds.size() ? family.bounds[i] : INFINITY;
    cumulative += series.buckets[i];
    append_sample(out, family, "_bucket", series.labels, &bound, static_cast<double>(cumulative));
  }
  append_sample(out, family, "_sum", series.labels, nullptr, series.sum);
  append_sample(out, family, "_count", series.labels, nullptr, static_cast<double>(cumulative));
}

constexpr std::string_view type_name(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::histogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

void internal::check_registration(const Registration& registration) {
  const std::string fault = find_fault(registration);
  if (fault.empty()) return;
  throw Error(Code::invalid_argument, "metric '" + std::string(registration.name) + "': " + fault);
}

std::string to_prometheus(std::span<const MetricFamily> families) {
  std::string out;
  for (const MetricFamily& family : families) {
    if (family.series.empty()) continue;
    out += "# HELP " + family.name + ' ';
    append_escaped(out, family.help, false);
    out += "\n# TYPE " + family.name + ' ';
    out += type_name(family.kind);
    out += '\n';
    for (const Series& series : family.series) {
      if (family.kind == MetricKind::histogram) {
        append_histogram(out, family, series);
      } else {
        append_sample(out, family, "", series.labels, nullptr, series.value);
      }
    }
  }
  return out;
}

}  // namespace marty::telemetry
