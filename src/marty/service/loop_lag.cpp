#include "marty/service/loop_lag.hpp"

#include <functional>
#include <span>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::service {

// The fiber that asks every loop in turn. A loop that is held holds up the question to the next, too: it is asked late
// then, but measured by itself.
class LoopLag::Watch {
 public:
  Watch(telemetry::Metrics& metrics, runtime::Duration period)
      : period_(period), loops_(runtime::World::current().loops()) {
    for (const runtime::Loop* loop : loops_) lags_.push_back(telemetry::event_loop_lag(metrics, loop->index()));
  }

 private:
  void run() {
    try {
      for (;;) {
        const runtime::TimePoint due = runtime::now() + period_;
        runtime::sleep_until(due);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
        for (std::size_t i = 0; i < loops_.size(); ++i) {
          const bool own = loops_[i] == &runtime::Loop::current();
          const runtime::TimePoint asked = own ? due : runtime::now();
          runtime::run_on(*loops_[i], [&] { lags_[i].record(runtime::now() - asked); });
        }
      }
    } catch (const Error&) {
      // Cancelled: the end.
    }
  }

  const runtime::Duration period_;
  const std::span<runtime::Loop* const> loops_;
  std::vector<telemetry::Histogram> lags_;
  runtime::Task<std::function<void()>> fiber_{[this] { run(); }, "loop lag"};
};

LoopLag::LoopLag(telemetry::Metrics& metrics, runtime::Duration period) : metrics_(metrics), period_(period) {}
LoopLag::~LoopLag() { MARTY_CHECK(!watch_); }
void LoopLag::start() { watch_ = std::make_unique<Watch>(metrics_, period_); }
void LoopLag::stop() noexcept { watch_.reset(); }

}  // namespace marty::service
