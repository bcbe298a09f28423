#include "marty/otlp/internal/metrics_encoder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "marty/otlp/internal/envelope.hpp"
#include "marty/telemetry/internal/protobuf_wire.hpp"

namespace marty::otlp::internal {

using namespace telemetry::internal;
using telemetry::Label;
using telemetry::MetricFamily;
using telemetry::Series;

namespace {

constexpr std::uint64_t kCumulative = 2;  // AggregationTemporality

// Field numbers: of Metric by kind of its data, and of the attributes by kind of its points.
constexpr std::uint32_t data_field(DataKind kind) noexcept {
  return kind == DataKind::gauge ? 5 : kind == DataKind::histogram ? 9 : 7;
}
constexpr std::uint32_t attributes_field(DataKind kind) noexcept { return kind == DataKind::histogram ? 9 : 7; }

std::optional<std::int64_t> number_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

void append_exemplar(std::string& out, const telemetry::Exemplar& exemplar) {
  append_fixed64_field(out, 2, nanoseconds(exemplar.time));
  append_double_field(out, 3, exemplar.value);
  append_message_field(out, 4, [&] { append_big_endian(out, exemplar.span_id.value); });
  append_message_field(out, 5, [&] {
    append_big_endian(out, exemplar.trace_id.high);
    append_big_endian(out, exemplar.trace_id.low);
  });
}

void append_label(std::string& out, std::uint32_t field, const MetricName& name, const Label& label) {
  const auto known = std::ranges::find(name.attributes, std::string_view(label.name), &AttributeName::label);
  if (label.value.empty()) return;
  if (known == name.attributes.end()) return append_key_value(out, field, label.name, label.value);
  if (label.value == known->none) return;
  if (const auto number = known->is_number ? number_of(label.value) : std::nullopt)
    return append_key_value(out, field, known->attribute, *number);
  append_key_value(out, field, known->attribute, label.value);
}

}  // namespace

MetricsEncoder::MetricsEncoder(std::vector<MetricFamily> families, Timestamp started, Timestamp read)
    : families_(std::move(families)), started_ns_(nanoseconds(started)), read_ns_(nanoseconds(read)) {}

std::size_t MetricsEncoder::encode(std::string& out, std::size_t max_bytes) {
  std::size_t points = 0;
  while (!is_done() && out.size() < max_bytes) {
    const MetricFamily& family = families_[family_];
    const MetricName name = name_of(family);
    const std::size_t begin = out.size();
    std::size_t written = 0;
    append_message_field(out, kItems, [&] {
      append_string_field(out, 1, name.name);
      append_string_field(out, 2, family.help);
      append_string_field(out, 3, name.unit);
      append_message_field(out, data_field(name.kind), [&] { written = append_points(out, family, name, max_bytes); });
    });
    if (written == 0) out.resize(begin);
    points += written;
    if (series_ < family.series.size()) break;
    ++family_;
    series_ = 0;
  }
  return points;
}

std::size_t MetricsEncoder::append_points(std::string& out, const MetricFamily& family, const MetricName& name,
                                          std::size_t max_bytes) {
  std::size_t written = 0;
  // One at least, however much the head of the Metric took.
  for (; series_ < family.series.size() && (written == 0 || out.size() < max_bytes); ++series_) {
    const Series& series = family.series[series_];
    if (std::isnan(series.value)) continue;
    append_message_field(out, 1, [&] { append_point(out, family, name, series); });
    ++written;
  }
  if (name.kind != DataKind::gauge) append_varint_field(out, 2, kCumulative);
  if (name.kind == DataKind::monotonic_sum) append_varint_field(out, 3, 1);
  return written;
}

// The times and the attributes have the same numbers in NumberDataPoint and HistogramDataPoint, but for the latter.
void MetricsEncoder::append_point(std::string& out, const MetricFamily& family, const MetricName& name,
                                  const Series& series) const {
  if (name.kind != DataKind::gauge) append_fixed64_field(out, 2, started_ns_);
  append_fixed64_field(out, 3, read_ns_);
  if (name.kind == DataKind::histogram) {
    append_buckets(out, family, series);
  } else {
    append_double_field(out, 4, series.value);
  }
  for (const Label& label : series.labels) append_label(out, attributes_field(name.kind), name, label);
}

void MetricsEncoder::append_buckets(std::string& out, const MetricFamily& family, const Series& series) const {
  append_fixed64_field(out, 4, static_cast<std::uint64_t>(series.value));
  append_double_field(out, 5, series.sum);
  append_message_field(out, 6, [&] {
    for (const std::uint64_t count : series.buckets) append_little_endian(out, count);
  });
  append_message_field(out, 7, [&] {
    for (const double bound : family.bounds) append_little_endian(out, std::bit_cast<std::uint64_t>(bound));
  });
  for (const telemetry::Exemplar& exemplar : series.exemplars)
    append_message_field(out, 8, [&] { append_exemplar(out, exemplar); });
}

}  // namespace marty::otlp::internal
