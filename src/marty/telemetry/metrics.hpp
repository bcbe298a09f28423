// Metrics: the registry of everything a service counts, handed in like any other dependency.
//
//   telemetry::Metrics metrics;
//   Counter sent = metrics.counter("mail_sent_total", "Mails handed to the relay.", {{"kind", "receipt"}});   // once
//   sent.add();                                                                            // anywhere, any thread
//   response.set_body(metrics.prometheus(), telemetry::kPrometheusContentType);
//
// Recording is a load, an addition and a store in the calling thread's own memory: no lock, no shared cache line; the
// first use by a thread allocates. Reading sums over the threads. Handles are small values that the registry must
// outlive: best looked up once and kept. To look one up each time is fine, too – it takes a lock only the first time in
// a thread, and in series beyond the limit; else it costs to make the labels and to hash them:
//
//   metrics.counter("orders_total", "Orders taken.", {{"kind", kind}}).add();
//
// Names are checked as https://prometheus.io/docs/concepts/data_model/ and `promtool check metrics` want them: a wrong
// name, a missing help or the same name with another kind or other labels throws invalid_argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/ids.hpp"

namespace marty::telemetry {

namespace internal {
class Exemplars;
class Registry;

// Where a cell stands in the memory of every thread.
struct CellPosition {
  std::uint32_t chunk = 0;
  std::uint32_t offset = 0;
};
}  // namespace internal

// One label of a series: {"route", "/pets"}. One with a '.' in its name, {"url.scheme", "https"}, is an attribute of
// OpenTelemetry, and goes out by OTLP only: Prometheus sees the sums over it. Attributes stand behind the labels; an
// empty value is as good as none.
struct Label {
  std::string name;
  std::string value;  // any text

  bool operator==(const Label&) const = default;
};
using Labels = std::vector<Label>;

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

// Only goes up. A default-made handle records nothing.
class Counter {
 public:
  Counter() = default;
  void add(std::uint64_t count = 1) noexcept;

 private:
  friend class Metrics;
  Counter(internal::Registry* registry, internal::CellPosition cell) : registry_(registry), cell_(cell) {}
  internal::Registry* registry_ = nullptr;
  internal::CellPosition cell_;
};

// Goes up and down by steps, from any thread, as cheaply as a Counter: requests in flight. A gauge in Prometheus.
class UpDownCounter {
 public:
  UpDownCounter() = default;
  void add(std::int64_t count = 1) noexcept { cells_.add(static_cast<std::uint64_t>(count)); }
  void subtract(std::int64_t count = 1) noexcept { add(-count); }

 private:
  friend class Metrics;
  explicit UpDownCounter(Counter cells) : cells_(cells) {}
  Counter cells_;  // sums wrap around: two's complement
};

// A value that is set: one cell for all threads, the last writer wins.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) noexcept;
  void add(double value) noexcept;

 private:
  friend class Metrics;
  explicit Gauge(void* cell) : cell_(cell) {}
  void* cell_ = nullptr;
};

// Counts values by size, and sums them. Where the current context is of a sampled trace, a bucket's exemplar tells that
// trace: one a second at most, without waiting.
class Histogram {
 public:
  Histogram() = default;
  void record(double value) noexcept;
  void record(runtime::Duration duration) noexcept {
    record(static_cast<double>(duration.count()) * 1e-9);
  }  // in seconds

 private:
  friend class Metrics;
  Histogram(internal::Registry* registry, internal::CellPosition cell, std::span<const double> bounds,
            internal::Exemplars* exemplars)
      : registry_(registry),
        cell_(cell),
        bounds_count_(static_cast<std::uint32_t>(bounds.size())),
        bounds_(bounds.data()),
        exemplars_(exemplars) {}
  internal::Registry* registry_ = nullptr;
  internal::CellPosition cell_;  // the sum; the buckets follow
  std::uint32_t bounds_count_ = 0;
  const double* bounds_ = nullptr;
  internal::Exemplars* exemplars_ = nullptr;
};

// 100 us to 10 s.
inline constexpr double kLatencyBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                            0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

// Keeps a callback registered; on destruction it is gone, and not running any more.
class [[nodiscard]] Observation {
 public:
  Observation() = default;
  Observation(Observation&& other) noexcept;
  Observation& operator=(Observation&& other) noexcept;
  ~Observation();

 private:
  friend class Metrics;
  Observation(std::weak_ptr<internal::Registry> registry, std::uint64_t id) : registry_(std::move(registry)), id_(id) {}
  std::weak_ptr<internal::Registry> registry_;  // the registry may go first
  std::uint64_t id_ = 0;
};

// A value that was recorded, and the span in which it was.
struct Exemplar {
  double value = 0;
  TraceId trace_id;
  SpanId span_id;
  Timestamp time;
};

// One series as it was read. Of a histogram: `value` is the count, `buckets` the counts per bound and one for what is
// above (not cumulative), and `exemplars` at most one of each bucket, by bucket.
struct Series {
  Labels labels;
  double value = 0;
  double sum = 0;
  std::vector<std::uint64_t> buckets;
  std::vector<Exemplar> exemplars;
};

// All series of one name.
struct MetricFamily {
  std::string name;
  std::string help;
  MetricKind kind = MetricKind::counter;
  std::vector<double> bounds;
  std::vector<Series> series;
};

struct MetricsOptions {
  // Series per name. Beyond it, the label with the most values is "other" in new ones; a tenth more of them may come of
  // that, then all labels are "other". mmf_metrics_dropped_series_total{metric,label} counts, one warning tells of it.
  std::size_t max_series = 2000;
};

// See above. All functions may be called from any thread.
class Metrics {
 public:
  explicit Metrics(MetricsOptions options = {});
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Timestamp created() const noexcept { return created_; }  // since when its sums are sums

  // The same name and labels give the same series. `help` is a sentence.
  Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
  UpDownCounter up_down_counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // `bounds` ascend, at most 200; a value counts in the first bucket whose bound is not below it.
  Histogram histogram(std::string_view name, std::string_view help, std::span<const double> bounds = kLatencyBounds,
                      const Labels& labels = {});

  // Asks `read` at each reading, on the reading thread; a value it cannot give (an exception) reads NaN. It may be
  // called until the Observation is gone. The same name and labels twice: already_exists.
  Observation observable_gauge(std::string_view name, std::string_view help, const Labels& labels,
                               std::function<double()> read);
  Observation observable_counter(std::string_view name, std::string_view help, const Labels& labels,
                                 std::function<double()> read);

  // Everything, by name.
  std::vector<MetricFamily> read() const;
  // The same with the attributes that only OpenTelemetry knows, each series by itself.
  std::vector<MetricFamily> read_with_attributes() const;
  // One family; nothing where there is none.
  std::optional<MetricFamily> read(std::string_view name) const;
  // One series (of a histogram: its count); nothing where there is none. For tests.
  std::optional<double> value(std::string_view name, const Labels& labels = {}) const;
  std::string prometheus() const;   // the text exposition format 0.0.4
  std::string openmetrics() const;  // OpenMetrics 1.0, with exemplars

 private:
  const Timestamp created_;
  std::shared_ptr<internal::Registry> registry_;  // shared with the threads that recorded: their memory is part of it
};

inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// What Metrics::prometheus() and openmetrics() write, from any reading.
std::string to_prometheus(std::span<const MetricFamily> families);
std::string to_openmetrics(std::span<const MetricFamily> families);

}  // namespace marty::telemetry
