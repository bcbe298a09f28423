#include "marty/telemetry/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include "marty/telemetry/internal/attributes.hpp"
#include "marty/telemetry/internal/exemplars.hpp"
#include "marty/telemetry/internal/registry.hpp"

namespace marty::telemetry {

using internal::Cell;
using internal::Source;

namespace {

// Only the owning thread writes a cell, so a plain load and store lose nothing.
void increase(Cell& cell, std::uint64_t by) {
  cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

void Counter::add(std::uint64_t count) noexcept {
  if (registry_ != nullptr) increase(*registry_->cell(cell_), count);
}

void Gauge::set(double value) noexcept {
  if (cell_ != nullptr) static_cast<std::atomic<double>*>(cell_)->store(value, std::memory_order_relaxed);
}

void Gauge::add(double value) noexcept {
  if (cell_ != nullptr) static_cast<std::atomic<double>*>(cell_)->fetch_add(value, std::memory_order_relaxed);
}

void Histogram::record(double value) noexcept {
  if (registry_ == nullptr) return;
  Cell* const cells = registry_->cell(cell_);
  const double* const bound = std::lower_bound(bounds_, bounds_ + bounds_count_, value);
  const double sum = std::bit_cast<double>(cells->load(std::memory_order_relaxed)) + value;
  cells->store(std::bit_cast<std::uint64_t>(sum), std::memory_order_relaxed);
  const std::ptrdiff_t bucket = bound - bounds_;
  increase(cells[1 + bucket], 1);
  exemplars_->offer(static_cast<std::size_t>(bucket), bounds_count_ + 1, value);
}

Observation::Observation(Observation&& other) noexcept
    : registry_(std::move(other.registry_)), id_(std::exchange(other.id_, 0)) {}

Observation& Observation::operator=(Observation&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(id_, other.id_);
  return *this;
}

Observation::~Observation() {
  if (id_ == 0) return;
  if (const auto registry = registry_.lock()) registry->forget(id_);
}

Metrics::Metrics(MetricsOptions options)
    : created_(runtime::wall_now()), registry_(std::make_shared<internal::Registry>(options)) {}
Metrics::~Metrics() { registry_->close(); }

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const auto entry = registry_->add({name, help, MetricKind::counter, Source::cells, {}, labels});
  return Counter(registry_.get(), entry.series->cell);
}

UpDownCounter Metrics::up_down_counter(std::string_view name, std::string_view help, const Labels& labels) {
  const auto entry = registry_->add({name, help, MetricKind::gauge, Source::signed_cells, {}, labels});
  return UpDownCounter(Counter(registry_.get(), entry.series->cell));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const auto entry = registry_->add({name, help, MetricKind::gauge, Source::shared, {}, labels});
  return Gauge(&entry.series->value);
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                             const Labels& labels) {
  const auto entry = registry_->add({name, help, MetricKind::histogram, Source::cells, bounds, labels});
  return Histogram(registry_.get(), entry.series->cell, entry.family->bounds, &entry.series->exemplars);
}

Observation Metrics::observable_gauge(std::string_view name, std::string_view help, const Labels& labels,
                                      std::function<double()> read) {
  return Observation(
      registry_, registry_->observe({name, help, MetricKind::gauge, Source::callback, {}, labels}, std::move(read)));
}

Observation Metrics::observable_counter(std::string_view name, std::string_view help, const Labels& labels,
                                        std::function<double()> read) {
  return Observation(
      registry_, registry_->observe({name, help, MetricKind::counter, Source::callback, {}, labels}, std::move(read)));
}

std::vector<MetricFamily> Metrics::read_with_attributes() const { return registry_->read(std::nullopt); }

std::vector<MetricFamily> Metrics::read() const {
  std::vector<MetricFamily> families = read_with_attributes();
  for (MetricFamily& family : families) internal::fold_attributes(family);
  return families;
}

std::optional<MetricFamily> Metrics::read(std::string_view name) const {
  std::vector<MetricFamily> found = registry_->read(name);
  if (found.empty()) return std::nullopt;
  internal::fold_attributes(found.front());
  return std::move(found.front());
}

std::optional<double> Metrics::value(std::string_view name, const Labels& labels) const {
  const std::optional<MetricFamily> family = read(name);
  if (!family) return std::nullopt;
  for (const Series& series : family->series) {
    if (std::ranges::is_permutation(series.labels, labels)) return series.value;
  }
  return std::nullopt;
}

std::string Metrics::prometheus() const { return to_prometheus(read()); }
std::string Metrics::openmetrics() const { return to_openmetrics(read()); }

}  // namespace marty::telemetry
