#include "marty/telemetry/internal/tail_sampler.hpp"

#include <utility>

namespace marty::telemetry::internal {
namespace {

constexpr std::size_t kMaxDecided = 1024;
constexpr std::size_t kMaxNames = 1000;

}  // namespace

void TailSampler::take(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now, SpanTaker& kept) {
  if (record.is_local_root()) return roots_.push_back(record);
  if (!decided_.contains(record.local_root.value)) return wait(record, options, now);
  ++kept_count_;
  kept.take(record, {});
}

void TailSampler::end_round(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept) {
  decide(roots_before_, options, now, kept);
  roots_before_.swap(roots_);
  end_windows(options, now, kept);
  while (!order_.empty() && now - order_.front().second >= options.max_age) evict_oldest(left_out_);
}

void TailSampler::finish(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept) {
  decide(roots_before_, options, now, kept);
  decide(roots_, options, now, kept);
  while (!order_.empty()) evict_oldest(left_out_);
}

bool TailSampler::give_up_one(SpanTaker& kept) {
  if (slowest_.empty()) return false;
  slowest_count_ -= slowest_.begin()->second.spans.size();
  keep(slowest_.begin()->second.spans, "slowest", kept);
  slowest_.erase(slowest_.begin());
  return true;
}

void TailSampler::wait(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now) {
  const auto [found, is_new] = waiting_.try_emplace(record.local_root.value, Waiting{now, {}});
  if (is_new) order_.emplace_back(record.local_root.value, now);
  found->second.spans.push_back(record);
  ++waiting_count_;
  while (waiting_count_ > options.max_spans && !order_.empty()) evict_oldest(evicted_);
}

// The entry may stand for one that is gone, or has come anew.
void TailSampler::evict_oldest(std::uint64_t& count) {
  const auto [root, since] = order_.front();
  order_.pop_front();
  const auto found = waiting_.find(root);
  if (found == waiting_.end() || found->second.since != since) return;
  waiting_count_ -= found->second.spans.size();
  count += found->second.spans.size();
  waiting_.erase(found);
}

TailSampler::Spans TailSampler::take_waiting(SpanId root) {
  const auto node = waiting_.extract(root.value);
  if (!node) return {};
  waiting_count_ -= node.mapped().spans.size();
  return std::move(node.mapped().spans);
}

void TailSampler::decide(std::vector<SpanRecord>& roots, const TailOptions& options, runtime::TimePoint now,
                         SpanTaker& kept) {
  for (const SpanRecord& root : roots) {
    Spans spans = take_waiting(root.local_root);
    const bool failed = options.errors && root.status == SpanStatus::error;
    const bool slow = options.slow > runtime::Duration::zero() && root.duration() >= options.slow;
    if (failed || slow) {
      spans.push_back(root);
      keep(spans, failed ? "error" : "slow", kept);
    } else {
      consider_slowest(root, std::move(spans), options, now);
    }
  }
  roots.clear();
}

// Of each name the slowest in its window, which begins with the first one of that name.
void TailSampler::consider_slowest(const SpanRecord& root, Spans spans, const TailOptions& options,
                                   runtime::TimePoint now) {
  const auto found = slowest_.find(root.name());
  const bool is_new = found == slowest_.end();
  const std::size_t size = spans.size() + 1, before = is_new ? 0 : found->second.spans.size();
  if (options.slowest_window == runtime::Duration::zero() || root.unranked ||
      (is_new && slowest_.size() >= kMaxNames) || slowest_count_ - before + size > options.max_spans / 2 ||
      (!is_new && found->second.spans.back().duration() >= root.duration())) {
    left_out_ += size;
    return;
  }
  Slowest& slowest = is_new ? slowest_.emplace(root.name(), Slowest{now, {}}).first->second : found->second;
  left_out_ += before;
  slowest_count_ += size - before;
  spans.push_back(root);
  slowest.spans = std::move(spans);
}

void TailSampler::end_windows(const TailOptions& options, runtime::TimePoint now, SpanTaker& kept) {
  for (auto at = slowest_.begin(); at != slowest_.end();) {
    if (now - at->second.since < options.slowest_window) {
      ++at;
      continue;
    }
    slowest_count_ -= at->second.spans.size();
    keep(at->second.spans, "slowest", kept);
    at = slowest_.erase(at);
  }
}

// The root last.
void TailSampler::keep(const Spans& spans, std::string_view reason, SpanTaker& kept) {
  const SpanRecord& root = spans.back();
  const Spans late = take_waiting(root.local_root);
  kept_count_ += spans.size() + late.size();
  remember(root.span_id);
  for (const SpanRecord& record : late) kept.take(record, {});
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
