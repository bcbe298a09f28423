#include "marty/telemetry/internal/registry.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "marty/base/error.hpp"

namespace marty::telemetry::internal {
namespace {

// The slab this thread last recorded into: what makes recording a few instructions. Set only to registries that
// `memberships` keeps alive.
constinit thread_local Registry* t_registry = nullptr;
constinit thread_local Slab* t_slab = nullptr;

// The slabs of one thread. Shares the registries, so that an address seen here is never that of a later registry.
class Memberships {
 public:
  ~Memberships() {
    t_registry = nullptr;
    t_slab = nullptr;
    for (const Membership& membership : all_) membership.registry->retire_slab(membership.slab);
  }

  Slab* find(Registry& registry) {
    const auto found = std::ranges::find(all_, &registry, [](const Membership& one) { return one.registry.get(); });
    if (found != all_.end()) return found->slab;
    std::erase_if(all_, [](const Membership& one) { return one.registry->closed(); });
    all_.push_back({registry.shared_from_this(), registry.acquire_slab()});
    return all_.back().slab;
  }

 private:
  struct Membership {
    std::shared_ptr<Registry> registry;
    Slab* slab;
  };
  std::vector<Membership> all_;
};

thread_local Memberships t_memberships;

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

Cell* Registry::cell(CellPosition position) noexcept {
  if (t_registry != this) [[unlikely]]
    enter();
  return t_slab->cell(position);
}

// Apart, so that cell() needs no stack frame.
[[gnu::noinline]] void Registry::enter() noexcept {
  t_slab = t_memberships.find(*this);
  t_registry = this;
}

Slab* Registry::acquire_slab() {
  const std::lock_guard lock(mutex_);
  if (retired_.empty()) return slabs_.emplace_back(std::make_unique<Slab>()).get();
  Slab* const slab = retired_.back();
  retired_.pop_back();
  return slab;
}

void Registry::retire_slab(Slab* slab) {
  const std::lock_guard lock(mutex_);
  retired_.push_back(slab);
}

Registry::Entry Registry::add(const Registration& registration) {
  check_registration(registration);
  const std::lock_guard lock(mutex_);
  return add_locked(registration);
}

Registry::Entry Registry::add_locked(const Registration& registration) {
  Family& family = family_for(registration);
  std::vector<std::string> values = values_of(family, registration.labels);
  auto found = family.series.find(values);
  if (found != family.series.end()) return {&family, &found->second, false};
  if (family.series.size() >= options_.max_series && !values.empty()) {
    count_dropped(registration.name);
    values.assign(values.size(), "other");
    found = family.series.find(values);
    if (found != family.series.end()) return {&family, &found->second, false};
  }
  SeriesEntry& series = family.series[values];
  if (const std::uint32_t cells = cells_for(registration); cells > 0) series.cell = allocate(cells);
  return {&family, &series, true};
}

// Exempt from the limit itself: it has as many series as there are names.
void Registry::count_dropped(std::string_view metric) {
  const Labels labels{{"metric", std::string(metric)}};
  Family& drops = family_for({"mmf_metrics_dropped_series_total",
                              "Series beyond the limit of their metric, counted as other.",
                              MetricKind::counter,
                              Source::shared,
                              {},
                              labels});
  drops.series[values_of(drops, labels)].value.fetch_add(1, std::memory_order_relaxed);
}

Family& Registry::family_for(const Registration& registration) {
  const auto found = families_.find(registration.name);
  if (found == families_.end()) {
    return families_[std::string(registration.name)] =
               Family{.help = std::string(registration.help),
                      .kind = registration.kind,
                      .source = registration.source,
                      .bounds = {registration.bounds.begin(), registration.bounds.end()},
                      .label_names = names_of(registration.labels),
                      .series = {}};
  }
  if (!same_shape(found->second, registration)) {
    throw Error(Code::invalid_argument,
                "metric " + found->first +
                    " is registered already, with another kind, other label names or other bounds: "
                    "use one definition, or another name");
  }
  return found->second;
}

// A block never crosses a chunk, so that a histogram's buckets are adjacent in memory.
CellPosition Registry::allocate(std::uint32_t cells) {
  std::uint32_t chunk = Slab::chunk_of(next_cell_);
  if (Slab::chunk_of(next_cell_ + cells - 1) != chunk) next_cell_ = Slab::chunk_begin(++chunk);
  if (chunk >= Slab::kChunks) {
    throw Error(Code::resource_exhausted, "the metrics registry is full: fewer metrics, or a lower max_series");
  }
  return {chunk, std::exchange(next_cell_, next_cell_ + cells) - Slab::chunk_begin(chunk)};
}

std::uint64_t Registry::observe(const Registration& registration, std::function<double()> callback) {
  check_registration(registration);
  const std::lock_guard lock(mutex_);
  const Entry entry = add_locked(registration);
  if (!entry.made) {
    throw Error(Code::already_exists,
                "metric " + std::string(registration.name) + " with these labels is observed already");
  }
  entry.series->callback = std::move(callback);
  return entry.series->observation = next_observation_++;
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
  for (const auto& slab : slabs_) total += slab->read(cell);
  return total;
}

Series Registry::read_series(const Family& family, const std::vector<std::string>& values,
                             const SeriesEntry& entry) const {
  Series series;
  for (std::size_t i = 0; i < values.size(); ++i) series.labels.push_back({family.label_names[i], values[i]});
  if (family.kind == MetricKind::histogram) {
    for (const auto& slab : slabs_) series.sum += std::bit_cast<double>(slab->read(entry.cell));
    std::uint64_t count = 0;
    for (std::uint32_t bucket = 0; bucket <= family.bounds.size(); ++bucket) {
      count += series.buckets.emplace_back(sum({entry.cell.chunk, entry.cell.offset + 1 + bucket}));
    }
    series.value = static_cast<double>(count);
  } else if (family.source == Source::cells) {
    series.value = static_cast<double>(sum(entry.cell));
  } else if (family.source == Source::signed_cells) {
    series.value = static_cast<double>(static_cast<std::int64_t>(sum(entry.cell)));
  } else {
    series.value = entry.value.load(std::memory_order_relaxed);
  }
  return series;
}

std::vector<MetricFamily> Registry::read() {
  std::vector<MetricFamily> all;
  std::vector<std::pair<std::size_t, std::vector<const SeriesEntry*>>> observed;
  const std::lock_guard callbacks(callback_mutex_);  // what was collected below stays until its callbacks have run
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
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
