#include "marty/telemetry/internal/exposition.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace marty::telemetry::internal {

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

void append_bound(std::string& out, double bound) {
  if (std::isinf(bound)) return append_number(out, bound);
  const double size = std::fabs(bound);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
  char text[32];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const std::string_view written(text, std::to_chars(text, text + sizeof text, bound, format).ptr);
  out += written;
  if (plain && written.find('.') == std::string_view::npos) out += ".0";
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                   const double* bound, double value) {
  out += name;
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
    append_bound(out, *bound);
    out += '"';
    open = ',';
  }
  out += open == ',' ? "} " : " ";
  append_number(out, value);
}

std::string_view type_name(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::histogram:
      break;
  }
  return "histogram";
}

}  // namespace marty::telemetry::internal
