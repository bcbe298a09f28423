#include "marty/telemetry/slo_tracker.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/check.hpp"

namespace marty::telemetry {
namespace {

constexpr int kSamplesPerWindow = 120;

double increase(double before, double now) { return now >= before ? now - before : now; }

}  // namespace

SloTracker::SloTracker(Slo slo) : slo_(std::move(slo)) {
  MARTY_CHECK(slo_.objective > 0 && slo_.objective < 1);
  for (const runtime::Duration length : kBurnRateWindows) {
    if (length < slo_.window) lengths_.push_back(length);
  }
  lengths_.push_back(slo_.window);
  for (const runtime::Duration length : lengths_) windows_.push_back({length, {}});
}

void SloTracker::observe(runtime::TimePoint time, SloCount count) {
  if (observed_) {
    const double total = increase(last_.total, count.total);
    const double good = std::min(increase(last_.good, count.good), total);
    now_.total += total;
    now_.bad += total - good;
  }
  observed_ = true;
  last_ = count;
  now_.time = time;
  for (Window& window : windows_) keep(window);
}

void SloTracker::keep(Window& window) const {
  std::deque<Sample>& samples = window.samples;
  if (samples.empty() || now_.time - samples.back().time >= window.length / kSamplesPerWindow) samples.push_back(now_);
  while (samples.size() > 1 && now_.time - samples[1].time >= window.length) samples.pop_front();
}

double SloTracker::bad_share(const Window& window) const {
  if (window.samples.empty()) return 0;
  Sample begin = window.samples.front();
  const runtime::TimePoint start = now_.time - window.length;
  if (begin.time < start) {
    const Sample& next = window.samples.size() > 1 ? window.samples[1] : now_;
    const double part =
        static_cast<double>((start - begin.time).count()) / static_cast<double>((next.time - begin.time).count());
    begin.bad += (next.bad - begin.bad) * part;
    begin.total += (next.total - begin.total) * part;
  }
  const double total = now_.total - begin.total;
  return total > 0 ? (now_.bad - begin.bad) / total : 0;
}

double SloTracker::burn_rate(runtime::Duration window) const {
  const auto found = std::ranges::find(windows_, window, &Window::length);
  MARTY_CHECK(found != windows_.end());
  return bad_share(*found) / (1 - slo_.objective);
}

double SloTracker::compliance() const { return 1 - bad_share(windows_.back()); }
double SloTracker::budget_remaining() const { return 1 - burn_rate(slo_.window); }

}  // namespace marty::telemetry
