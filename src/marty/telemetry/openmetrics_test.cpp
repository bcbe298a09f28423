#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

TEST(OpenMetrics, writes_families_with_type_unit_and_help_and_an_end) {
  Metrics metrics;
  metrics.counter("cpu_seconds_total", "Processor \"time\".", {{"core", "a\"b"}}).add(3);
  metrics.gauge("zebra", "Last.").set(1.5);
  EXPECT_EQ(metrics.openmetrics(),
            "# TYPE cpu_seconds counter\n"
            "# UNIT cpu_seconds seconds\n"
            "# HELP cpu_seconds Processor \\\"time\\\".\n"
            "cpu_seconds_total{core=\"a\\\"b\"} 3\n"
            "# TYPE zebra gauge\n"
            "# HELP zebra Last.\n"
            "zebra 1.5\n"
            "# EOF\n");
}

TEST(OpenMetrics, writes_exemplars_behind_their_buckets) {
  const Exemplar slow{
      .value = 9, .trace_id = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}, .span_id = {0x00f067aa0ba902b7}, .time = {}};
  const MetricFamily latency{.name = "latency_seconds",
                             .help = "Latency.",
                             .kind = MetricKind::histogram,
                             .bounds = {0.0001, 1},
                             .series = {{.value = 3, .sum = 9.6, .buckets = {1, 1, 1}, .exemplars = {slow}}}};
  EXPECT_EQ(to_openmetrics(std::array{latency}),
            "# TYPE latency_seconds histogram\n"
            "# UNIT latency_seconds seconds\n"
            "# HELP latency_seconds Latency.\n"
            "latency_seconds_bucket{le=\"0.0001\"} 1\n"
            "latency_seconds_bucket{le=\"1.0\"} 2\n"
            "latency_seconds_bucket{le=\"+Inf\"} 3 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\","
            "span_id=\"00f067aa0ba902b7\"} 9 0.000\n"
            "latency_seconds_sum 9.6\n"
            "latency_seconds_count 3\n"
            "# EOF\n");
}

TEST(OpenMetrics, writes_bounds_as_other_programs_do) {
  const auto written = [](double bound) {
    const std::string text = to_openmetrics(std::array{MetricFamily{
        .name = "a", .help = "A.", .kind = MetricKind::histogram, .bounds = {bound}, .series = {{.buckets = {0, 0}}}}});
    const std::size_t begin = text.find("le=\"") + 4;
    return text.substr(begin, text.find('"', begin) - begin);
  };
  EXPECT_EQ(written(0), "0.0");
  EXPECT_EQ(written(0.0001), "0.0001");
  EXPECT_EQ(written(0.00001), "1e-05");
  EXPECT_EQ(written(2.5), "2.5");
  EXPECT_EQ(written(100000), "100000.0");
  EXPECT_EQ(written(1000000), "1e+06");
}

TEST(OpenMetrics, leaves_out_what_it_forbids) {
  const MetricFamily temperature{.name = "temperature_celsius",
                                 .help = "T.",
                                 .kind = MetricKind::histogram,
                                 .bounds = {-1},
                                 .series = {{.value = 1, .sum = -3, .buckets = {1, 0}}}};
  const std::string text = to_openmetrics(std::array{temperature});
  EXPECT_EQ(text.find("_sum"), std::string::npos) << "a sum that may go down";
  EXPECT_EQ(text.find("_count"), std::string::npos);
  const MetricFamily broken{.name = "asked_total",
                            .help = "Asked.",
                            .kind = MetricKind::counter,
                            .series = {{.value = std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(to_openmetrics(std::array{broken}), "# TYPE asked counter\n# HELP asked Asked.\n# EOF\n");
}

}  // namespace
}  // namespace marty::telemetry
