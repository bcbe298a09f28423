// Lookups: the series that one thread has looked up by name and labels, so that the next time costs no lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "marty/telemetry/internal/registry.hpp"

namespace marty::telemetry::internal {

// See above. Of series that exist as long as their registry; there are as many as the thread uses.
class Lookups {
 public:
  const Registry::Entry* find(const Registration& registration) const {
    const auto found = known_.find(hash(registration));
    if (found == known_.end()) return nullptr;
    const Known& known = found->second;
    const Family& family = *known.entry.family;
    const bool same = known.name == registration.name && known.labels == registration.labels &&
                      family.kind == registration.kind && family.source == registration.source &&
                      std::ranges::equal(family.bounds, registration.bounds);
    return same ? &known.entry : nullptr;
  }
  void keep(const Registration& registration, const Registry::Entry& entry) {
    known_.insert_or_assign(hash(registration), Known{std::string(registration.name), registration.labels, entry});
  }

 private:
  struct Known {
    std::string name;
    Labels labels;
    Registry::Entry entry;
  };

  static std::size_t hash(const Registration& registration) {
    std::size_t hash = std::hash<std::string_view>()(registration.name);
    const auto mix = [&](std::string_view text) { hash = hash * 31 + std::hash<std::string_view>()(text); };
    for (const Label& label : registration.labels) {
      mix(label.name);
      mix(label.value);
    }
    return hash;
  }

  std::unordered_map<std::size_t, Known> known_;  // of two with one hash the later
};

}  // namespace marty::telemetry::internal
