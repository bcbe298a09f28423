// Registry: what is behind Metrics – families and series by name, the cells they own, and the slabs of the threads that
// recorded.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/telemetry/internal/exemplars.hpp"
#include "marty/telemetry/internal/slab.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry::internal {

struct ThreadPart;

// Where the values of a family's series come from.
enum class Source : std::uint8_t { cells, signed_cells, shared, callback };

// All that was asked for when a metric was registered.
struct Registration {
  std::string_view name;
  std::string_view help;
  MetricKind kind;
  Source source;
  std::span<const double> bounds;
  const Labels& labels;
};

// One series. Its address is stable.
struct SeriesEntry {
  CellPosition cell;                 // Source::cells and signed_cells
  std::atomic<double> value{0};      // Source::shared
  std::function<double()> callback;  // Source::callback
  std::uint64_t observation = 0;
  Exemplars exemplars;  // of a histogram
};

struct Family {
  std::string help;
  MetricKind kind;
  Source source;
  std::vector<double> bounds;
  std::vector<std::string> label_names;                    // as first registered
  std::map<std::vector<std::string>, SeriesEntry> series;  // by label values
  std::optional<std::size_t> folded_label;                 // the one that has too many values
  std::size_t folded_series = 0;                           // beyond the limit
};

// See above.
class Registry : public std::enable_shared_from_this<Registry> {
 public:
  using Part = ThreadPart;

  explicit Registry(MetricsOptions options);
  ~Registry();

  // The family and series of a registration, made on first use.
  struct Entry {
    const Family* family;
    SeriesEntry* series;
    bool made;
    bool folded = false;  // it is not of these labels, but of others as well
  };
  Entry add(const Registration& registration);
  std::uint64_t observe(const Registration& registration, std::function<double()> callback);
  void forget(std::uint64_t observation);

  std::vector<MetricFamily> read(std::optional<std::string_view> name);  // one, or all

  // The cell of the calling thread. Fast where this thread last used the same registry.
  Cell* cell(CellPosition position) noexcept;

  // See per_thread.hpp.
  ThreadPart* acquire_part();
  void retire_part(ThreadPart* part) noexcept;
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }
  bool closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

 private:
  Entry add_slowly(const Registration& registration);
  Entry add_locked(const Registration& registration, std::string& warning);
  Entry fold(const Registration& registration, Family& family, std::vector<std::string> values, std::string& warning);
  std::string find_folded_label(std::string_view metric, Family& family) const;
  void count_dropped(std::string_view metric, std::string_view label);
  void refuse_clash(const Registration& registration) const;
  SeriesEntry& make_series(Family& family, std::vector<std::string> values, const Registration& registration);
  Family& family_for(const Registration& registration);
  CellPosition allocate(std::uint32_t cells);
  std::uint64_t sum(CellPosition cell) const;
  Series read_series(const Family& family, const std::vector<std::string>& values, const SeriesEntry& entry) const;

  const MetricsOptions options_;
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;   // of everything below
  std::mutex callback_mutex_;  // held while callbacks run; taken before mutex_
  std::map<std::string, Family, std::less<>> families_;
  std::vector<std::unique_ptr<ThreadPart>> parts_;
  std::vector<ThreadPart*> retired_;
  std::uint32_t next_cell_ = 0;
  std::uint64_t next_observation_ = 1;
};

// Throws invalid_argument, naming the metric and what is wrong with it.
void check_registration(const Registration& registration);

}  // namespace marty::telemetry::internal
