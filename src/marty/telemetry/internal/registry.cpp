#include "marty/telemetry/internal/registry.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/telemetry/internal/lookups.hpp"
#include "marty/telemetry/internal/per_thread.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::telemetry::internal {
namespace {

constexpr Logger kLog("marty.telemetry");
constexpr const char* kOther = "other";

std::vector<std::string> names_of(const Labels& labels) {
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

// The values in the order in which the family's labels were first registered.
std::vector<std::string> values_of(const Family& family, const Labels& labels) {
  std::vector<std::string> values;
  for (const std::string& name : family.label_names)
    values.push_back(std::ranges::find(labels, name, &Label::name)->value);
  return values;
}

bool same_shape(const Family& family, const Registration& registration) {
  return family.kind == registration.kind && family.source == registration.source &&
         std::ranges::equal(family.bounds, registration.bounds) &&
         std::ranges::is_permutation(family.label_names, names_of(registration.labels));
}

std::uint32_t cells_for(const Registration& registration) {
  if (registration.source == Source::shared || registration.source == Source::callback) return 0;
  return registration.kind == MetricKind::histogram ? static_cast<std::uint32_t>(registration.bounds.size()) + 2 : 1;
}

double call(const std::function<double()>& callback) {
  try {
    return callback();
  } catch (...) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace

// What one thread has of a registry.
struct ThreadPart {
  Slab slab;
  Lookups lookups;
};

Registry::Registry(MetricsOptions options) : options_(options) {}
Registry::~Registry() = default;

Cell* Registry::cell(CellPosition position) noexcept {
  if (ThreadPart* const part = PerThread<Registry>::of(*this)) [[likely]]
    return part->slab.cell(position);
  return Slab::nowhere();
}

ThreadPart* Registry::acquire_part() {
  const std::lock_guard lock(mutex_);
  retired_.reserve(parts_.size() + 1);  // for retire_part()
  if (retired_.empty()) return parts_.emplace_back(std::make_unique<ThreadPart>()).get();
  ThreadPart* const part = retired_.back();
  retired_.pop_back();
  return part;
}

void Registry::retire_part(ThreadPart* part) noexcept {
  const std::lock_guard lock(mutex_);
  retired_.push_back(part);
}

Registry::Entry Registry::add(const Registration& registration) {
  ThreadPart* const part = PerThread<Registry>::of(*this);
  if (part == nullptr) return add_slowly(registration);
  if (const Entry* const known = part->lookups.find(registration)) return *known;
  const Entry entry = add_slowly(registration);
  if (!entry.folded) part->lookups.keep(registration, entry);
  return entry;
}

// The warning is logged without the lock: a sink may count what it writes.
Registry::Entry Registry::add_slowly(const Registration& registration) {
  check_registration(registration);
  std::string warning;
  const Entry entry = [&] {
    const std::lock_guard lock(mutex_);
    return add_locked(registration, warning);
  }();
  if (!warning.empty()) kLog.warning(warning);
  return entry;
}

Registry::Entry Registry::add_locked(const Registration& registration, std::string& warning) {
  Family& family = family_for(registration);
  std::vector<std::string> values = values_of(family, registration.labels);
  const auto found = family.series.find(values);
  if (found != family.series.end()) return {&family, &found->second, false};
  if (family.series.size() >= options_.max_series && !values.empty())
    return fold(registration, family, std::move(values), warning);
  return {&family, &make_series(family, std::move(values), registration), true};
}

SeriesEntry& Registry::make_series(Family& family, std::vector<std::string> values, const Registration& registration) {
  const std::uint32_t cells = cells_for(registration);
  const CellPosition cell = cells > 0 ? allocate(cells) : CellPosition{};  // first: it may throw
  SeriesEntry& series = family.series[std::move(values)];
  series.cell = cell;
  return series;
}

// Of a metric that has all the series it may. The other labels stay, so that what they tell is not lost as well; but
// the limit is one for attackers, too: where they have many values themselves, they go.
Registry::Entry Registry::fold(const Registration& registration, Family& family, std::vector<std::string> values,
                               std::string& warning) {
  if (!family.folded_label) warning = find_folded_label(registration.name, family);
  count_dropped(registration.name, family.label_names[*family.folded_label]);
  values[*family.folded_label] = kOther;
  auto found = family.series.find(values);
  if (found == family.series.end() && family.folded_series >= options_.max_series / 10) {
    values.assign(values.size(), kOther);
    found = family.series.find(values);
  }
  if (found != family.series.end()) return {&family, &found->second, false, true};
  ++family.folded_series;
  return {&family, &make_series(family, std::move(values), registration), true, true};
}

// The one with the most values; returns what to tell about it.
std::string Registry::find_folded_label(std::string_view metric, Family& family) const {
  std::size_t most = 0;
  for (std::size_t label = 0; label < family.label_names.size(); ++label) {
    std::set<std::string_view> values;
    for (const auto& [all, entry] : family.series) values.insert(all[label]);
    if (values.size() <= most) continue;
    most = values.size();
    family.folded_label = label;
  }
  const std::string& name = family.label_names[*family.folded_label];
  return "metric " + std::string(metric) + " has " + std::to_string(family.series.size()) + " series: its label " +
         name + " has " + std::to_string(most) + " values, and further ones count as \"" + kOther +
         "\". Give it values of a small set (a kind, not an id), or leave it out";
}

// Exempt from the limit itself: it has as many series as there are names.
void Registry::count_dropped(std::string_view metric, std::string_view label) {
  const Labels labels{{"metric", std::string(metric)}, {"label", std::string(label)}};
  Family& drops = family_for({"mmf_metrics_dropped_series_total",
                              "Look-ups of series beyond the limit of their metric, counted as other; the label has "
                              "the most values.",
                              MetricKind::counter,
                              Source::shared,
                              {},
                              labels});
  drops.series[values_of(drops, labels)].value.fetch_add(1, std::memory_order_relaxed);
}

Family& Registry::family_for(const Registration& registration) {
  const auto found = families_.find(registration.name);
  if (found == families_.end()) {
    refuse_clash(registration);
    Family& family = families_[std::string(registration.name)];
    family.help = registration.help;
    family.kind = registration.kind;
    family.source = registration.source;
    family.bounds.assign(registration.bounds.begin(), registration.bounds.end());
    family.label_names = names_of(registration.labels);
    return family;
  }
  if (!same_shape(found->second, registration)) {
    throw Error(Code::invalid_argument,
                "metric " + found->first +
                    " is registered already, with another kind, other label names or other bounds: "
                    "use one definition, or another name");
  }
  return found->second;
}

// OpenMetrics knows a counter by its name without _total.
void Registry::refuse_clash(const Registration& registration) const {
  std::string other(registration.name);
  if (registration.kind == MetricKind::counter) {
    other.resize(other.size() - std::string_view("_total").size());
  } else {
    other += "_total";
  }
  if (!families_.contains(other)) return;
  throw Error(Code::invalid_argument, "metric " + std::string(registration.name) + " would have one name with " +
                                          other + " in OpenMetrics: use another");
}

// A block never crosses a chunk, so that a histogram's buckets are adjacent in memory.
CellPosition Registry::allocate(std::uint32_t cells) {
  std::uint32_t chunk = Slab::chunk_of(next_cell_);
  if (Slab::chunk_of(next_cell_ + cells - 1) != chunk) next_cell_ = Slab::chunk_begin(++chunk);
  if (chunk >= Slab::kChunks) {
    throw Error::exhausted("the metrics registry is full: fewer metrics, or a lower max_series");
  }
  return {chunk, std::exchange(next_cell_, next_cell_ + cells) - Slab::chunk_begin(chunk)};
}

std::uint64_t Registry::observe(const Registration& registration, std::function<double()> callback) {
  check_registration(registration);
  std::string warning;
  const std::uint64_t observation = [&] {
    const std::lock_guard lock(mutex_);
    const Entry entry = add_locked(registration, warning);
    if (!entry.made) {
      throw Error(Code::already_exists,
                  "metric " + std::string(registration.name) + " with these labels is observed already");
    }
    entry.series->callback = std::move(callback);
    return entry.series->observation = next_observation_++;
  }();
  if (!warning.empty()) kLog.warning(warning);
  return observation;
}

void Registry::forget(std::uint64_t observation) {
  const std::lock_guard callbacks(callback_mutex_);
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    if (family.source != Source::callback) continue;
    std::erase_if(family.series, [&](const auto& series) { return series.second.observation == observation; });
  }
}

std::uint64_t Registry::sum(CellPosition cell) const {
  std::uint64_t total = 0;
  for (const auto& part : parts_) total += part->slab.read(cell);
  return total;
}

Series Registry::read_series(const Family& family, const std::vector<std::string>& values,
                             const SeriesEntry& entry) const {
  Series series;
  for (std::size_t i = 0; i < values.size(); ++i) series.labels.push_back({family.label_names[i], values[i]});
  if (family.kind == MetricKind::histogram) {
    for (const auto& part : parts_) series.sum += std::bit_cast<double>(part->slab.read(entry.cell));
    std::uint64_t count = 0;
    for (std::uint32_t bucket = 0; bucket <= family.bounds.size(); ++bucket) {
      count += series.buckets.emplace_back(sum({entry.cell.chunk, entry.cell.offset + 1 + bucket}));
    }
    series.value = static_cast<double>(count);
    series.exemplars = entry.exemplars.read(family.bounds.size() + 1);
  } else if (family.source == Source::cells) {
    series.value = static_cast<double>(sum(entry.cell));
  } else if (family.source == Source::signed_cells) {
    series.value = static_cast<double>(static_cast<std::int64_t>(sum(entry.cell)));
  } else {
    series.value = entry.value.load(std::memory_order_relaxed);
  }
  return series;
}

std::vector<MetricFamily> Registry::read(std::optional<std::string_view> only) {
  std::vector<MetricFamily> all;
  std::vector<std::pair<std::size_t, std::vector<const SeriesEntry*>>> observed;
  const std::lock_guard callbacks(callback_mutex_);  // what was collected below stays until its callbacks have run
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      if (only && name != *only) continue;
      all.push_back({name, family.help, family.kind, family.bounds, {}});
      std::vector<const SeriesEntry*> entries;
      for (const auto& [values, entry] : family.series) {
        all.back().series.push_back(read_series(family, values, entry));
        entries.push_back(&entry);
      }
      if (family.source == Source::callback) observed.emplace_back(all.size() - 1, std::move(entries));
    }
  }
  for (const auto& [family, entries] : observed) {
    for (std::size_t i = 0; i < entries.size(); ++i) all[family].series[i].value = call(entries[i]->callback);
  }
  return all;
}

}  // namespace marty::telemetry::internal
