#include "marty/telemetry/internal/tail_sampler.hpp"

#include <utility>

namespace marty::telemetry::internal {
namespace {

constexpr std::size_t kMaxDecided = 1024;
constexpr std::size_t kMaxNames = 1000;

}  // namespace

void TailSampler::take(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept) {
  if (record.is_local_root()) return finish_root(record, options, now, kept);
  if (!decided_.contains(record.local_root.value)) return wait(record, options, now);
  ++kept_count_;
  kept.take(record, {});
}

void TailSampler::wait(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now) {
  const auto [found, is_new] = waiting_.try_emplace(record.local_root.value, Waiting{now, {}});
  if (is_new) order_.push_back(record.local_root.value);
  found->second.spans.push_back(record);
  ++held_;
  while (held_ > options.max_spans && !order_.empty()) evict_oldest();
}

void TailSampler::evict_oldest() {
  const auto found = waiting_.find(order_.front());
  order_.pop_front();
  if (found == waiting_.end()) return;
  held_ -= found->second.spans.size();
  evicted_ += found->second.spans.size();
  waiting_.erase(found);
}

void TailSampler::finish_root(const SpanRecord& root, const TailOptions& options, runtime::TimePoint now,
                              SpanTaker& kept) {
  Spans spans;
  if (const auto node = waiting_.extract(root.local_root.value)) {
    spans = std::move(node.mapped().spans);
    held_ -= spans.size();
  }
  const bool failed = options.errors && root.status == SpanStatus::error;
  const bool slow = options.slow > runtime::Duration::zero() && root.duration() >= options.slow;
  if (!failed && !slow) return consider_slowest(root, std::move(spans), options, now, kept);
  spans.push_back(root);
  keep(spans, failed ? "error" : "slow", kept);
}

// Of each name the slowest in its window, which begins with the first one of that name.
void TailSampler::consider_slowest(const SpanRecord& root, Spans spans, const TailOptions& options,
                                   runtime::TimePoint now, SpanTaker& kept) {
  const auto found = slowest_.find(root.name());
  const std::size_t size = spans.size() + 1;
  const bool is_new = found == slowest_.end();
  if (options.slowest_window == runtime::Duration::zero() || root.unranked ||
      (is_new && slowest_.size() >= kMaxNames) ||
      (!is_new && found->second.spans.back().duration() >= root.duration())) {
    left_out_ += size;
    return;
  }
  Slowest& slowest = is_new ? slowest_.emplace(root.name(), Slowest{now, {}}).first->second : found->second;
  left_out_ += slowest.spans.size();
  held_ -= slowest.spans.size();
  spans.push_back(root);
  slowest.spans = std::move(spans);
  held_ += size;
  if (now - slowest.since >= options.slowest_window) tick(options, now, kept);
}

void TailSampler::tick(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept, bool finish) {
  for (auto at = slowest_.begin(); at != slowest_.end();) {
    if (!finish && now - at->second.since < options.slowest_window) {
      ++at;
      continue;
    }
    held_ -= at->second.spans.size();
    keep(at->second.spans, "slowest", kept);
    at = slowest_.erase(at);
  }
  while (!order_.empty()) {
    const auto found = waiting_.find(order_.front());
    if (found != waiting_.end() && !finish && now - found->second.since < options.max_age) break;
    evict_oldest();
  }
}

void TailSampler::keep(const Spans& spans, std::string_view reason, SpanTaker& kept) {
  kept_count_ += spans.size();
  remember(spans.back().span_id);
  for (const SpanRecord& record : spans) kept.take(record, record.is_local_root() ? reason : std::string_view());
}

void TailSampler::remember(SpanId root) {
  decided_.insert(root.value);
  decided_order_.push_back(root.value);
  if (decided_order_.size() <= kMaxDecided) return;
  decided_.erase(decided_order_.front());
  decided_order_.pop_front();
}

}  // namespace marty::telemetry::internal
