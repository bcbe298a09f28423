#include "marty/telemetry/slo_tracker.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace marty::telemetry {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Slo kWeek{.name = "success", .kind = SloKind::success, .objective = 0.99, .window = days(7)};

// Requests by the minute, of which `bad` tells how many are bad in each.
class Series {
 public:
  Series(const Slo& slo, std::function<double(int minute)> bad, double per_minute = 1000)
      : tracker(slo), bad_(std::move(bad)), per_minute_(per_minute) {
    tracker.observe(time_, count_);
  }
  void run(runtime::Duration duration) {
    for (const runtime::TimePoint end = time_ + duration; time_ < end; ++minute_) {
      time_ += 1min;
      count_.total += per_minute_;
      count_.good += per_minute_ - bad_(minute_);
      tracker.observe(time_, count_);
    }
  }

  SloTracker tracker;

 private:
  std::function<double(int)> bad_;
  const double per_minute_;
  runtime::TimePoint time_{};
  int minute_ = 0;
  SloCount count_;
};

double none(int) { return 0; }

TEST(SloTracker, has_the_windows_of_alerts_up_to_its_own) {
  const SloTracker week(kWeek);
  EXPECT_EQ(week.windows().size(), 8u);
  EXPECT_EQ(week.windows().back(), days(7));
  Slo day = kWeek;
  day.window = days(1);
  const SloTracker tracker(day);
  EXPECT_EQ(std::vector(tracker.windows().begin(), tracker.windows().end()),
            (std::vector<runtime::Duration>{5min, 30min, 1h, 2h, 6h, 24h}));
}

TEST(SloTracker, without_requests_nothing_is_used_up) {
  SloTracker tracker(kWeek);
  EXPECT_EQ(tracker.compliance(), 1);
  EXPECT_EQ(tracker.budget_remaining(), 1);
  tracker.observe(runtime::TimePoint(1h), {});
  tracker.observe(runtime::TimePoint(2h), {});
  for (const runtime::Duration window : tracker.windows()) EXPECT_EQ(tracker.burn_rate(window), 0);
  EXPECT_EQ(tracker.budget_remaining(), 1);
}

// 5 of 1,000 with an objective of 99 %: half of what is allowed.
TEST(SloTracker, a_constant_share_of_bad_ones_burns_evenly_in_all_windows) {
  Series series(kWeek, [](int) { return 5; });
  series.run(days(10));
  for (const runtime::Duration window : series.tracker.windows())
    EXPECT_NEAR(series.tracker.burn_rate(window), 0.5, 1e-9);
  EXPECT_NEAR(series.tracker.compliance(), 0.995, 1e-9);
  EXPECT_NEAR(series.tracker.budget_remaining(), 0.5, 1e-9);
}

// All of 10 minutes bad, a day after the start.
TEST(SloTracker, a_burst_shows_in_each_window_by_its_part_of_it) {
  Series series(kWeek, [](int minute) { return minute >= 1440 && minute < 1450 ? 1000 : 0; });
  series.run(days(1) + 5min);
  EXPECT_NEAR(series.tracker.burn_rate(5min), 100, 1e-9) << "all bad, one in a hundred allowed";
  EXPECT_NEAR(series.tracker.burn_rate(30min), 5.0 / 30 / 0.01, 1e-9);
  series.run(5min);
  EXPECT_NEAR(series.tracker.burn_rate(1h), 10.0 / 60 / 0.01, 1e-9);
  EXPECT_NEAR(series.tracker.burn_rate(6h), 10.0 / 360 / 0.01, 1e-9);
  EXPECT_NEAR(series.tracker.burn_rate(days(1)), 10.0 / 1440 / 0.01, 1e-9);
  EXPECT_NEAR(series.tracker.burn_rate(days(3)), 10.0 / 1450 / 0.01, 1e-9) << "since the start: a day and 10 minutes";
  series.run(5min);
  EXPECT_NEAR(series.tracker.burn_rate(5min), 0, 1e-9);
}

TEST(SloTracker, the_budget_recovers_as_a_burst_slides_out_of_the_window) {
  Series series(kWeek, [](int minute) { return minute < 100 ? 1000 : 0; });
  series.run(days(7));
  EXPECT_NEAR(series.tracker.budget_remaining(), 1 - 100.0 / 10'080 / 0.01, 1e-9);
  double before = series.tracker.budget_remaining();
  for (int hour = 0; hour < 4; ++hour) {
    series.run(1h);
    EXPECT_GE(series.tracker.budget_remaining(), before);
    before = series.tracker.budget_remaining();
  }
  EXPECT_NEAR(series.tracker.budget_remaining(), 1, 1e-9);
  EXPECT_NEAR(series.tracker.compliance(), 1, 1e-9);
}

TEST(SloTracker, a_budget_that_is_overspent_is_below_zero) {
  Series series(kWeek, [](int) { return 30; });
  series.run(hours(5));
  EXPECT_NEAR(series.tracker.budget_remaining(), -2, 1e-9) << "three times of what is allowed";
}

TEST(SloTracker, weighs_windows_by_requests_and_not_by_time) {
  SloTracker tracker(kWeek);
  tracker.observe(runtime::TimePoint(0s), {});
  tracker.observe(runtime::TimePoint(10min), {.good = 9000, .total = 9000});
  tracker.observe(runtime::TimePoint(20min), {.good = 9000, .total = 10'000});
  EXPECT_NEAR(tracker.burn_rate(30min), 0.1 / 0.01, 1e-9);
}

TEST(SloTracker, counts_on_where_counters_started_over) {
  SloTracker tracker(kWeek);
  tracker.observe(runtime::TimePoint(0s), {.good = 500, .total = 1000});
  tracker.observe(runtime::TimePoint(1min), {.good = 590, .total = 1100});
  tracker.observe(runtime::TimePoint(2min), {.good = 90, .total = 100});
  EXPECT_NEAR(tracker.compliance(), 0.9, 1e-9) << "10 of 100, twice; what was before the first observation is not ours";
}

TEST(SloTracker, between_two_observations_requests_count_as_even) {
  SloTracker tracker(kWeek);
  tracker.observe(runtime::TimePoint(0s), {});
  tracker.observe(runtime::TimePoint(10min), {.good = 0, .total = 1000});
  tracker.observe(runtime::TimePoint(12min), {.good = 200, .total = 1200});
  // The last five minutes: three of ten bad ones, and two good ones.
  EXPECT_NEAR(tracker.burn_rate(5min), 300.0 / 500 / 0.01, 1e-9);
}

TEST(SloTracker, keeps_what_it_said_in_a_year_of_observations) {
  Slo month = kWeek;
  month.window = days(30);
  Series series(month, [](int minute) { return minute % 100 == 0 ? 500 : 0; });
  series.run(days(365));
  EXPECT_NEAR(series.tracker.compliance(), 0.995, 0.0001);
  EXPECT_NEAR(series.tracker.burn_rate(days(3)), 0.5, 0.01);
  Series quiet(month, none);
  quiet.run(days(31));
  EXPECT_EQ(quiet.tracker.budget_remaining(), 1);
}

}  // namespace
}  // namespace marty::telemetry
