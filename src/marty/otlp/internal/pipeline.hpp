// Pipeline: the way of one signal from where it arises to the receiver: a fiber that collects batches, a bounded queue,
// fibers that send. All on one loop, which is never held longer than a slice takes.
//
// A batch that cannot be sent for now is tried again, at longer and longer distances; what arises meanwhile waits in
// the queue, and where that is full the oldest batch goes. While all is well a full queue makes the collection wait. At
// the end what is left is sent while there is time.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "marty/otlp/internal/alarm.hpp"
#include "marty/otlp/internal/envelope.hpp"
#include "marty/otlp/internal/transport.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::otlp::internal {

// Where the items of a signal come from.
struct Source {
  std::function<void()> begin;                                                  // before each collection; may be empty
  std::function<std::size_t(std::string& out, std::size_t max_bytes)> collect;  // as telemetry::SpanSource
  std::function<std::size_t(std::string& out, std::size_t max_bytes)>
      rest;                                // at the end, in place of collect; may be empty
  std::function<std::uint64_t()> dropped;  // items that were lost before they were collected; may be empty
};

// Why items did not arrive.
enum class DropReason : std::uint8_t { buffer_full, queue_full, rejected, refused, expired, shutdown, no_memory };

struct PipelineOptions {
  Signal signal = Signal::traces;
  runtime::Duration interval{0};  // between two collections, unless the alarm rings
  int senders = 1;                // requests at a time
  std::size_t queue_bytes = 0;
  bool gzip = false;
  std::string endpoint;  // for the log; parsed by then
};

class Pipeline {
 public:
  // REQUIRES: all outlive it.
  Pipeline(PipelineOptions options, const Envelope& envelope, telemetry::Metrics& metrics);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void start(Source source, Transport& transport);  // REQUIRES: the transport outlives stop()
  void begin_stop() noexcept;
  void stop() noexcept;  // by the deadline of the calling fiber

  Signal signal() const noexcept { return options_.signal; }
  const std::shared_ptr<Alarm>& alarm() const noexcept { return alarm_; }
  // Of any thread.
  std::optional<runtime::TimePoint> failing_since() const noexcept;
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    std::string request;
    std::uint64_t items = 0;
    runtime::TimePoint made;
  };

  void collect_all();
  void count_lost();
  using Collect = std::function<std::size_t(std::string& out, std::size_t max_bytes)>;
  Batch collect_batch(const Collect& collect);
  void collect_rest();
  void wait_for_room();
  void discard_source() noexcept;
  void push(Batch batch);
  void collect_until_stopped();
  void send_until_closed();
  void send(Batch& batch);
  bool send_once(Batch& batch, runtime::Duration& backoff);
  void compress(std::string& request) const;
  void wait_before_retry(const Outcome& outcome, runtime::Duration& backoff);
  void drop(std::uint64_t items, DropReason reason) noexcept;
  void drop_queue() noexcept;
  void note_success();
  void note_failure(const Outcome& outcome);
  void note_rejection(const Outcome& outcome);
  void show_queue() noexcept { counted_.queue_bytes.set(static_cast<double>(queued_bytes_)); }

  const PipelineOptions options_;
  const Envelope& envelope_;
  const std::shared_ptr<Alarm> alarm_ = std::make_shared<Alarm>();  // whoever rings may outlive the pipeline
  Source source_;
  Transport* transport_ = nullptr;

  std::deque<Batch> queue_;
  std::size_t queued_bytes_ = 0;
  std::string spare_;  // memory of a request that was sent
  runtime::Semaphore ready_{0};
  runtime::Wakeup room_;  // of the fiber that collects
  std::unique_ptr<runtime::Event> stopping_;
  bool collected_ = false;  // all there will be
  bool given_up_ = false;   // at the end
  std::vector<runtime::Task<std::function<void()>>> fibers_;

  std::atomic<runtime::TimePoint::rep> failing_since_ = 0;  // 0: the last request went well
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t lost_before_ = 0;  // of what the source has lost, what is counted already
  runtime::TimePoint next_rejection_line_ = runtime::TimePoint::min();
  telemetry::ExportMetrics counted_;
  std::array<telemetry::Counter, 7> drops_;
};

}  // namespace marty::otlp::internal
