#include "marty/service/runtime_metrics.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::service {
namespace {

// Looking at a stack is a system call.
constexpr std::size_t kStacksPerLook = 64;
constexpr runtime::Duration kPeriod = std::chrono::seconds(1);
constexpr runtime::Duration kSimulatedPeriod = std::chrono::minutes(1);

// One loop; visited on its own thread.
class WatchedLoop {
 public:
  WatchedLoop(telemetry::Metrics& metrics, runtime::Loop& loop) : loop_(loop), metrics_(metrics, loop.index()) {}

  // `due`: when the watching fiber wanted to run.
  void visit(runtime::TimePoint due) {
    const bool own = &loop_ == &runtime::Loop::current();
    const runtime::TimePoint asked = own ? due : runtime::now();
    runtime::run_on(loop_, [&] {
      const runtime::TimePoint now = runtime::now();
      metrics_.lag.record(now - asked);
      record(now, loop_.stats(kStacksPerLook));
    });
  }

 private:
  void record(runtime::TimePoint now, const runtime::LoopStats& stats) {
    metrics_.fibers.set(static_cast<double>(stats.fibers));
    metrics_.fibers_started.add(stats.fibers_started - last_.fibers_started);
    deepest_ = std::max(deepest_, stats.stack_high_water_bytes);
    metrics_.stack_high_water.set(static_cast<double>(deepest_));
    if (last_visit_ != runtime::TimePoint() && now > last_visit_) {
      metrics_.cpu_ratio.set(static_cast<double>((stats.processor_time - last_.processor_time).count()) /
                             static_cast<double>((now - last_visit_).count()));
    }
    last_ = stats;
    last_visit_ = now;
  }

  runtime::Loop& loop_;
  telemetry::LoopMetrics metrics_;
  runtime::LoopStats last_;
  runtime::TimePoint last_visit_;
  std::size_t deepest_ = 0;
};

// All pools of a name.
struct WatchedPool {
  telemetry::BlockingPoolMetrics metrics;
  runtime::BlockingPoolStats last;

  void record(const runtime::BlockingPoolStats& stats) {
    metrics.threads.set(static_cast<double>(stats.threads));
    metrics.busy_threads.set(static_cast<double>(stats.busy));
    metrics.queue_length.set(static_cast<double>(stats.queued));
    metrics.calls.add(stats.calls - last.calls);
    metrics.rejections.add(stats.rejected - last.rejected);
    last = stats;
  }
};

}  // namespace

// The fiber that visits every loop in turn. A loop that is held holds up the visit to the next, too: it is late then,
// but measured by itself.
class RuntimeMetrics::Watch {
 public:
  Watch(telemetry::Metrics& metrics, runtime::Duration period) : metrics_(metrics), period_(period) {
    for (runtime::Loop* loop : runtime::World::current().loops()) loops_.emplace_back(metrics, *loop);
  }

 private:
  void run() {
    try {
      for (;;) {
        const runtime::TimePoint due = runtime::now() + period_;
        runtime::sleep_until(due);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
        try {
          for (WatchedLoop& loop : loops_) loop.visit(due);
          look_at_pools();
        } catch (const std::bad_alloc&) {  // the next time may find some
        }
      }
    } catch (const Error&) {
      // Cancelled: the end.
    }
  }

  void look_at_pools() {
    for (const runtime::BlockingPoolStats& stats : runtime::blocking_pool_stats()) {
      auto found = pools_.find(stats.name);
      if (found == pools_.end())
        found = pools_.emplace(stats.name, WatchedPool{telemetry::BlockingPoolMetrics(metrics_, stats.name), {}}).first;
      found->second.record(stats);
    }
  }

  telemetry::Metrics& metrics_;
  const runtime::Duration period_;
  std::vector<WatchedLoop> loops_;
  std::map<std::string, WatchedPool> pools_;
  runtime::Task<std::function<void()>> fiber_{[this] { run(); }, "runtime metrics"};
};

RuntimeMetrics::RuntimeMetrics(telemetry::Metrics& metrics, std::optional<runtime::Duration> period)
    : metrics_(metrics), period_(period) {}
RuntimeMetrics::~RuntimeMetrics() { MARTY_CHECK(!watch_); }
void RuntimeMetrics::start() {
  const bool simulated = runtime::World::current().simulated();
  watch_ = std::make_unique<Watch>(metrics_, period_.value_or(simulated ? kSimulatedPeriod : kPeriod));
}
void RuntimeMetrics::stop() noexcept { watch_.reset(); }

}  // namespace marty::service
