#include "marty/otlp/internal/pipeline.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/compress/compress.hpp"
#include "marty/otlp/internal/endpoint.hpp"
#include "marty/runtime/random.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::otlp::internal {
namespace {

using namespace std::chrono_literals;
using runtime::Duration;

constexpr Logger kLog("marty.otlp");

constexpr std::size_t kBatchBytes = 512 << 10;
constexpr std::size_t kSliceBytes = 64 << 10;  // collected, or compressed, in well under a millisecond
constexpr std::size_t kCompressedSliceBytes = 16 << 10;
constexpr Duration kFirstBackoff = 500ms;
constexpr Duration kMaxBackoff = 10s;
constexpr Duration kMaxAge = 5min;  // of a batch that is tried again
constexpr Duration kRejectionLines = 1min;

constexpr std::array<std::string_view, 7> kReasons = {"buffer_full", "queue_full", "rejected", "refused",
                                                      "expired",     "shutdown",   "no_memory"};

}  // namespace

Pipeline::Pipeline(PipelineOptions options, const Envelope& envelope, telemetry::Metrics& metrics)
    : options_(std::move(options)), envelope_(envelope), counted_(metrics, signal_name(options_.signal)) {
  for (std::size_t i = 0; i < drops_.size(); ++i)
    drops_[i] = telemetry::ExportMetrics::dropped(metrics, signal_name(options_.signal), kReasons[i]);
}

std::optional<runtime::TimePoint> Pipeline::failing_since() const noexcept {
  const auto since = failing_since_.load(std::memory_order_relaxed);
  return since == 0 ? std::nullopt : std::optional(runtime::TimePoint(runtime::TimePoint::duration(since)));
}

void Pipeline::start(Source source, Transport& transport) {
  source_ = std::move(source);
  transport_ = &transport;
  stopping_ = std::make_unique<runtime::Event>();
  collected_ = given_up_ = false;
  lost_before_ = source_.dropped ? source_.dropped() : 0;  // a source may have been exported before
  fibers_.push_back(runtime::spawn(std::function<void()>([this] { collect_until_stopped(); }), "otlp collect"));
  for (int i = 0; i < options_.senders; ++i)
    fibers_.push_back(runtime::spawn(std::function<void()>([this] { send_until_closed(); }), "otlp send"));
}

void Pipeline::begin_stop() noexcept {
  if (fibers_.empty()) return;
  stopping_->set();
  alarm_->ring();
}

void Pipeline::stop() noexcept {
  const std::uint64_t before = dropped();
  try {
    for (auto& fiber : fibers_) fiber.join();
  } catch (const std::exception&) {
    // The time is up: what is still at work is cancelled, and counts what it held.
  }
  if (fibers_.empty()) return;
  fibers_.clear();
  drop_queue();
  if (!collected_) discard_source();
  const std::uint64_t lost = dropped() - before;
  if (lost == 0) return;
  try {
    kLog.warning(
        "telemetry could not be exported before the end",
        {{"signal", signal_name(options_.signal)}, {"lost", lost}, {"endpoint", origin_of(options_.endpoint)}});
  } catch (const std::bad_alloc&) {
    // Counted it is.
  }
}

void Pipeline::collect_until_stopped() {
  runtime::TimePoint due = runtime::now();
  bool is_last = false;
  while (!is_last) {
    due = std::max(due + options_.interval, runtime::now());
    try {
      alarm_->wait_until(due);
      is_last = stopping_->is_set();  // and so what arose before the stop is collected
      collect_all();
    } catch (const std::bad_alloc&) {  // the next round may find some
    }
  }
  collect_rest();
  collected_ = true;
  for (int i = 0; i < options_.senders; ++i) ready_.release();
}

void Pipeline::collect_all() {
  count_lost();
  if (source_.begin) source_.begin();
  for (;;) {
    wait_for_room();
    Batch batch = collect_batch(source_.collect);
    if (batch.items == 0) return;
    const bool is_full = batch.request.size() >= kBatchBytes;
    push(std::move(batch));
    if (!is_full) return;
  }
}

void Pipeline::count_lost() {
  if (!source_.dropped) return;
  const std::uint64_t lost = source_.dropped();
  if (lost != lost_before_) drop(lost - lost_before_, DropReason::buffer_full);
  lost_before_ = lost;
}

// In the memory of one that was sent, where there is one: the pages of half a megabyte cost more than what is put
// there.
Pipeline::Batch Pipeline::collect_batch(const Collect& collect) {
  Batch batch{.request = std::exchange(spare_, {}), .made = runtime::now()};
  envelope_.begin(batch.request);
  try {
    for (;;) {
      const std::size_t limit = std::min(batch.request.size() + kSliceBytes, kBatchBytes);
      batch.items += collect(batch.request, limit);
      if (batch.request.size() < limit || limit == kBatchBytes) break;
      runtime::yield();
    }
  } catch (const std::bad_alloc&) {
    drop(batch.items, DropReason::no_memory);
    throw;
  } catch (...) {
    drop(batch.items, DropReason::shutdown);  // the time is up
    throw;
  }
  if (batch.items != 0) envelope_.finish(batch.request);
  return batch;
}

// Not where the receiver fails: what arises then is worth more than what is old.
void Pipeline::wait_for_room() {
  while (queued_bytes_ + kBatchBytes > options_.queue_bytes && !failing_since())
    room_.wait("waiting for the receiver of telemetry");
}

void Pipeline::collect_rest() {
  if (!source_.rest) return;
  for (;;) {
    wait_for_room();
    Batch batch = collect_batch(source_.rest);
    if (batch.items == 0) return;
    push(std::move(batch));
  }
}

void Pipeline::push(Batch batch) {
  const std::size_t bytes = batch.request.size();
  const std::uint64_t items = batch.items;
  try {
    queue_.push_back(std::move(batch));
  } catch (const std::bad_alloc&) {
    return drop(items, DropReason::no_memory);
  }
  queued_bytes_ += bytes;
  while (queued_bytes_ > options_.queue_bytes && queue_.size() > 1) {
    drop(queue_.front().items, DropReason::queue_full);
    queued_bytes_ -= queue_.front().request.size();
    queue_.pop_front();
  }
  show_queue();
  ready_.release();
}

// There are at least as many permits as batches, so who finds none at the end may go.
void Pipeline::send_until_closed() {
  for (;;) {
    ready_.acquire();
    if (queue_.empty()) {
      if (collected_) return;
      continue;
    }
    Batch batch = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= batch.request.size();
    show_queue();
    room_.notify();
    try {
      send(batch);
    } catch (const std::bad_alloc&) {
      drop(batch.items, DropReason::no_memory);
    } catch (...) {
      drop(batch.items, DropReason::shutdown);  // cancelled
      throw;
    }
    if (batch.request.capacity() <= 2 * kBatchBytes) spare_ = std::move(batch.request);
  }
}

void Pipeline::send(Batch& batch) {
  if (options_.gzip) compress(batch.request);
  Duration backoff = kFirstBackoff;
  while (!send_once(batch, backoff)) {
  }
}

// True where there is nothing more to do for the batch.
bool Pipeline::send_once(Batch& batch, Duration& backoff) {
  if (given_up_) return drop(batch.items, DropReason::shutdown), true;
  const bool was_well = !failing_since();
  const Outcome outcome = transport_->send(options_.signal, batch.request);
  if (outcome.kind == Outcome::Kind::accepted) {
    const std::uint64_t rejected = std::min(outcome.rejected, batch.items);
    counted_.exported.add(batch.items - rejected);
    if (rejected != 0) drop(rejected, DropReason::rejected);
    if (!outcome.reason.empty() || rejected != 0) note_rejection(outcome);
    return note_success(), true;
  }
  note_failure(outcome);
  if (outcome.kind == Outcome::Kind::refused) return drop(batch.items, DropReason::refused), true;
  if (runtime::now() - batch.made > kMaxAge) return drop(batch.items, DropReason::expired), true;
  // A stop does not wait for a receiver that was out of reach before.
  if (stopping_->is_set() && !was_well && !outcome.retry_after) {
    given_up_ = true;
    return false;
  }
  wait_before_retry(outcome, backoff);
  return false;
}

void Pipeline::wait_before_retry(const Outcome& outcome, Duration& backoff) {
  const auto jittered = std::chrono::duration_cast<Duration>(backoff * (0.5 + runtime::random_unit()));
  backoff = std::min(2 * backoff, kMaxBackoff);
  const runtime::TimePoint until = runtime::after(std::max(outcome.retry_after.value_or(Duration::zero()), jittered));
  if (stopping_->is_set()) return runtime::sleep_until(until);  // tidy:allow(sleep): virtual in a simulated world
  try {
    const runtime::DeadlineScope scope(until);
    stopping_->wait();
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded) throw;
  }
}

void Pipeline::compress(std::string& request) const {
  constexpr int kFastest = 1;
  compress::Compressor compressor(compress::Coding::gzip, kFastest);
  std::string compressed;
  for (std::size_t at = 0; at < request.size(); at += kCompressedSliceBytes) {
    compressor.write(std::string_view(request).substr(at, kCompressedSliceBytes), compressed);
    runtime::yield();
  }
  compressor.finish(compressed);
  request = std::move(compressed);
}

void Pipeline::drop(std::uint64_t items, DropReason reason) noexcept {
  drops_[static_cast<std::size_t>(reason)].add(items);
  dropped_.fetch_add(items, std::memory_order_relaxed);
}

void Pipeline::drop_queue() noexcept {
  for (const Batch& batch : queue_) drop(batch.items, DropReason::shutdown);
  queue_.clear();
  queued_bytes_ = 0;
  show_queue();
}

// What the time did not suffice to collect is counted all the same.
void Pipeline::discard_source() noexcept {
  std::string discarded;
  std::size_t items = 0;
  try {
    do {
      discarded.clear();
      items = source_.rest ? source_.rest(discarded, kBatchBytes) : source_.collect(discarded, kBatchBytes);
      drop(items, DropReason::shutdown);
    } while (items != 0);
  } catch (const std::bad_alloc&) {
    // Not even to count it.
  }
}

void Pipeline::note_success() {
  const auto since = failing_since();
  if (!since) return;
  failing_since_.store(0, std::memory_order_relaxed);
  kLog.info("telemetry is exported again",
            {{"signal", signal_name(options_.signal)},
             {"after_seconds", std::chrono::duration<double>(runtime::now() - *since).count()},
             {"dropped_total", dropped()}});
}

// One line for as long as it lasts.
void Pipeline::note_failure(const Outcome& outcome) {
  counted_.failures.add();
  if (failing_since()) return;
  const auto now = runtime::now().time_since_epoch().count();
  failing_since_.store(now == 0 ? 1 : now, std::memory_order_relaxed);
  room_.notify();
  kLog.warning("telemetry cannot be exported", {{"signal", signal_name(options_.signal)},
                                                {"endpoint", origin_of(options_.endpoint)},
                                                {"reason", outcome.reason},
                                                {"is_tried_again", outcome.kind == Outcome::Kind::retry}});
}

void Pipeline::note_rejection(const Outcome& outcome) {
  if (runtime::now() < next_rejection_line_) return;
  next_rejection_line_ = runtime::after(kRejectionLines);
  kLog.warning("the receiver of telemetry did not take everything", {{"signal", signal_name(options_.signal)},
                                                                     {"endpoint", origin_of(options_.endpoint)},
                                                                     {"rejected", outcome.rejected},
                                                                     {"reason", outcome.reason}});
}

}  // namespace marty::otlp::internal
