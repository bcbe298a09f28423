// TailSampler: decides on the spans of a trace once its part in this process has ended: kept are those whose root
// failed, took long, or took longest among its like for a while. Used by the collector of spans only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "marty/telemetry/span_record.hpp"

namespace marty::telemetry::internal {

struct TailOptions {
  bool errors = true;
  runtime::Duration slow = std::chrono::seconds(1);             // zero: none is slow
  runtime::Duration slowest_window = std::chrono::seconds(10);  // of each name the slowest; zero: none is kept for that
  runtime::Duration max_age = std::chrono::seconds(30);         // of spans whose root does not end
  std::size_t max_spans = 16'384;                               // held at a time, of half a KiB each
};

// Who gets what is kept.
class SpanTaker {
 public:
  virtual void take(const SpanRecord& record, std::string_view reason) = 0;

 protected:
  ~SpanTaker() = default;
};

class TailSampler {
 public:
  void take(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  // Now and then: what has waited for the end of a window, or too long. `finish`: all windows end.
  void tick(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept, bool finish = false);

  std::uint64_t kept() const noexcept { return kept_count_; }
  std::uint64_t left_out() const noexcept { return left_out_; }  // decided against
  std::uint64_t evicted() const noexcept { return evicted_; }    // not decided on: no room, or too old
  std::size_t held() const noexcept { return held_; }

 private:
  using Spans = std::vector<SpanRecord>;
  struct Waiting {
    runtime::TimePoint since;
    Spans spans;
  };
  struct Slowest {
    runtime::TimePoint since;
    Spans spans;  // the root last
  };

  void wait(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now);
  void finish_root(const SpanRecord& root, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  void consider_slowest(const SpanRecord& root, Spans spans, const TailOptions& options, runtime::TimePoint now,
                        SpanTaker& kept);
  void keep(const Spans& spans, std::string_view reason, SpanTaker& kept);
  void remember(SpanId root);
  void evict_oldest();

  std::unordered_map<std::uint64_t, Waiting> waiting_;   // by local root
  std::deque<std::uint64_t> order_;                      // of waiting_, the oldest first; may name some that are gone
  std::map<std::string, Slowest, std::less<>> slowest_;  // by the root's name
  std::unordered_set<std::uint64_t> decided_;            // roots kept of late, for spans that come after them
  std::deque<std::uint64_t> decided_order_;
  std::size_t held_ = 0;
  std::uint64_t kept_count_ = 0, left_out_ = 0, evicted_ = 0;
};

}  // namespace marty::telemetry::internal
