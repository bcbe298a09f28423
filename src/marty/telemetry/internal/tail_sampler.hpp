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
#include <utility>
#include <vector>

#include "marty/telemetry/span_record.hpp"

namespace marty::telemetry::internal {

struct TailOptions {
  bool errors = true;
  runtime::Duration slow = std::chrono::seconds(1);             // zero: none is slow
  runtime::Duration slowest_window = std::chrono::seconds(10);  // of each name the slowest; zero: none is kept for that
  runtime::Duration max_age = std::chrono::seconds(30);         // of spans whose root does not end
  std::size_t max_spans = 16'384;  // held at a time, of half a KiB each; half as many of slowest traces
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
  // In rounds, each of which sees all spans that had ended when it began: a root is decided on at the end of the round
  // after its own, when the spans that other threads had ended before it have come, too.
  void take(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  void end_round(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  // No more will come: decides on all roots.
  void finish(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  // After finish(): the slowest trace of one more name, though its window has not ended; false: there is none.
  bool give_up_one(SpanTaker& kept);

  std::uint64_t kept() const noexcept { return kept_count_; }
  std::uint64_t left_out() const noexcept { return left_out_; }  // decided against, or too late for a decision
  std::uint64_t evicted() const noexcept { return evicted_; }    // not decided on: no room

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
  void consider_slowest(const SpanRecord& root, Spans spans, const TailOptions& options, runtime::TimePoint now);
  void keep(const Spans& spans, std::string_view reason, SpanTaker& kept);
  void remember(SpanId root);
  void evict_oldest(std::uint64_t& count);
  void decide(std::vector<SpanRecord>& roots, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  void end_windows(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept);
  Spans take_waiting(SpanId root);

  std::unordered_map<std::uint64_t, Waiting> waiting_;              // by local root
  std::deque<std::pair<std::uint64_t, runtime::TimePoint>> order_;  // of waiting_, the oldest first; and some gone
  std::map<std::string, Slowest, std::less<>> slowest_;             // by the root's name
  std::unordered_set<std::uint64_t> decided_;  // roots kept of late, for spans that come after them
  std::deque<std::uint64_t> decided_order_;
  std::vector<SpanRecord> roots_, roots_before_;       // of this round and the one before
  std::size_t waiting_count_ = 0, slowest_count_ = 0;  // spans
  std::uint64_t kept_count_ = 0, left_out_ = 0, evicted_ = 0;
};

}  // namespace marty::telemetry::internal
