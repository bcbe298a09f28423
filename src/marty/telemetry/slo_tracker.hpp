// SloTracker: how a service level objective is kept, over sliding windows: what share was good, how fast the error
// budget – the bad requests that the objective allows – is used up, and what is left of it.
//
//   SloTracker tracker({.name = "availability", .objective = 0.999});
//   tracker.observe(runtime::now(), {.good = 99'990, .total = 100'000});   // now and then; both only grow
//   tracker.burn_rate(std::chrono::hours(1));                              // 1: used up just at the window's end
//   tracker.budget_remaining();                                            // 1: untouched, 0: used up
//
// Definitions as https://sre.google/workbook/alerting-on-slos/ has them: with b the bad share of a window's requests,
// burn rate = b / (1 - objective); budget remaining = 1 - burn rate of the SLO's own window, below 0 where more was
// used than there was. A window without requests has burn rate 0, and so compliance and budget 1. A window that reaches
// back before the first observation measures since that. Memory is bounded: each window keeps 120 observations; between
// two of them requests count as even. Not for several threads at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/slo.hpp"

namespace marty::telemetry {

// The windows of multi-window alerts, besides the SLO's own.
inline constexpr std::array<runtime::Duration, 7> kBurnRateWindows = {
    std::chrono::minutes(5), std::chrono::minutes(30), std::chrono::hours(1), std::chrono::hours(2),
    std::chrono::hours(6),   std::chrono::days(1),     std::chrono::days(3)};

// See above.
class SloTracker {
 public:
  explicit SloTracker(Slo slo);

  const Slo& slo() const noexcept { return slo_; }
  // Those of kBurnRateWindows that are shorter than the SLO's window, and that.
  std::span<const runtime::Duration> windows() const noexcept { return lengths_; }

  void observe(runtime::TimePoint time, SloCount count);

  double compliance() const;                         // 0 to 1, over the SLO's window
  double budget_remaining() const;                   // 1 and less, over the SLO's window
  double burn_rate(runtime::Duration window) const;  // REQUIRES one of windows()

 private:
  struct Sample {
    runtime::TimePoint time;
    double bad = 0;  // since the first observation
    double total = 0;
  };
  // The observations of one window: the oldest is at its beginning, or before that.
  struct Window {
    runtime::Duration length;
    std::deque<Sample> samples;
  };
  void keep(Window& window) const;
  double bad_share(const Window& window) const;

  const Slo slo_;
  std::vector<runtime::Duration> lengths_;
  std::vector<Window> windows_;
  bool observed_ = false;
  SloCount last_;  // as observed
  Sample now_;
};

}  // namespace marty::telemetry
