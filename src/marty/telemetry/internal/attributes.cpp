#include "marty/telemetry/internal/attributes.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace marty::telemetry::internal {
namespace {

void merge_exemplars(const std::vector<double>& bounds, std::vector<Exemplar>& into, std::vector<Exemplar> more) {
  std::vector<std::optional<Exemplar>> of_bucket(bounds.size() + 1);
  for (std::vector<Exemplar>* const source : {&into, &more}) {
    for (Exemplar& exemplar : *source) {
      auto& kept = of_bucket[std::size_t(std::ranges::lower_bound(bounds, exemplar.value) - bounds.begin())];
      if (!kept || kept->time < exemplar.time) kept = exemplar;
    }
  }
  into.clear();
  for (const auto& kept : of_bucket) {
    if (kept) into.push_back(*kept);
  }
}

void merge(const MetricFamily& family, Series& into, Series more) {
  into.value += more.value;
  into.sum += more.sum;
  for (std::size_t i = 0; i < into.buckets.size(); ++i) into.buckets[i] += more.buckets[i];
  if (!more.exemplars.empty()) merge_exemplars(family.bounds, into.exemplars, std::move(more.exemplars));
}

}  // namespace

void fold_attributes(MetricFamily& family) {
  if (family.series.empty() || family.series.front().labels.empty() ||
      !is_attribute(family.series.front().labels.back().name))
    return;
  std::vector<Series> folded;
  for (Series& series : family.series) {
    std::erase_if(series.labels, [](const Label& label) { return is_attribute(label.name); });
    if (!folded.empty() && folded.back().labels == series.labels) {
      merge(family, folded.back(), std::move(series));
    } else {
      folded.push_back(std::move(series));
    }
  }
  family.series = std::move(folded);
}

}  // namespace marty::telemetry::internal
