#include "marty/service/slo_watch.hpp"

#include <functional>
#include <new>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/telemetry/slo_tracker.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::service {
namespace {

constexpr runtime::Duration kWatchPeriod = std::chrono::seconds(5);

// One objective and what is shown of it.
class WatchedSlo {
 public:
  WatchedSlo(telemetry::Metrics& metrics, const telemetry::Slo& slo) : tracker_(slo), metrics_(metrics, slo.name) {
    for (const runtime::Duration window : tracker_.windows())
      burn_rates_.push_back(telemetry::slo_burn_rate(metrics, slo.name, window));
  }

  void observe(runtime::TimePoint now, const telemetry::MetricFamily& durations) {
    tracker_.observe(now, telemetry::count_requests(tracker_.slo(), durations));
    metrics_.compliance.set(tracker_.compliance());
    metrics_.budget_remaining.set(tracker_.budget_remaining());
    for (std::size_t i = 0; i < burn_rates_.size(); ++i) burn_rates_[i].set(tracker_.burn_rate(tracker_.windows()[i]));
  }

 private:
  telemetry::SloTracker tracker_;
  telemetry::SloMetrics metrics_;
  std::vector<telemetry::Gauge> burn_rates_;
};

}  // namespace

class SloWatch::Watch {
 public:
  Watch(telemetry::Metrics& metrics, const std::vector<telemetry::Slo>& slos) : metrics_(metrics) {
    for (const telemetry::Slo& slo : slos) slos_.emplace_back(metrics, slo);
    observe();
  }

 private:
  void run() {
    try {
      for (;;) {
        runtime::sleep_for(kWatchPeriod);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
        try {
          observe();
        } catch (const std::bad_alloc&) {  // the next time may find some
        }
      }
    } catch (const Error&) {
      // Cancelled: the end.
    }
  }

  void observe() {
    const std::optional<telemetry::MetricFamily> durations = metrics_.read("mmf_request_duration_seconds");
    for (WatchedSlo& slo : slos_) slo.observe(runtime::now(), durations.value_or(telemetry::MetricFamily()));
  }

  telemetry::Metrics& metrics_;
  std::vector<WatchedSlo> slos_;
  runtime::Task<std::function<void()>> fiber_{[this] { run(); }, "service level objectives"};
};

SloWatch::SloWatch(telemetry::Metrics& metrics) : metrics_(metrics) {}
SloWatch::~SloWatch() { MARTY_CHECK(!watch_); }
void SloWatch::start(const std::vector<telemetry::Slo>& slos) { watch_ = std::make_unique<Watch>(metrics_, slos); }
void SloWatch::stop() noexcept { watch_.reset(); }

}  // namespace marty::service
