#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/standard.hpp"
#include "marty/telemetry/standard_families.hpp"

namespace marty::telemetry {
namespace {

using std::chrono::milliseconds;

TEST(Prometheus, writes_families_by_name_with_help_and_type) {
  Metrics metrics;
  metrics.gauge("zebra", "Last.").set(1.5);
  metrics.counter("mail_sent_total", "Mails \\ sent\nso far.", {{"to", "a\"b\\c\nd"}}).add(3);
  const double bounds[] = {0.25, 1, 5};
  Histogram latency = metrics.histogram("latency_seconds", "Latency.", bounds, {{"route", "/"}});
  latency.record(0.1);
  latency.record(0.5);
  latency.record(9.0);
  EXPECT_EQ(metrics.prometheus(),
            "# HELP latency_seconds Latency.\n"
            "# TYPE latency_seconds histogram\n"
            "latency_seconds_bucket{route=\"/\",le=\"0.25\"} 1\n"
            "latency_seconds_bucket{route=\"/\",le=\"1.0\"} 2\n"
            "latency_seconds_bucket{route=\"/\",le=\"5.0\"} 2\n"
            "latency_seconds_bucket{route=\"/\",le=\"+Inf\"} 3\n"
            "latency_seconds_sum{route=\"/\"} 9.6\n"
            "latency_seconds_count{route=\"/\"} 3\n"
            "# HELP mail_sent_total Mails \\\\ sent\\nso far.\n"
            "# TYPE mail_sent_total counter\n"
            "mail_sent_total{to=\"a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP zebra Last.\n"
            "# TYPE zebra gauge\n"
            "zebra 1.5\n");
}

TEST(Prometheus, writes_numbers_that_read_back) {
  const auto written = [](double value) {
    const std::string text = to_prometheus(
        std::array{MetricFamily{.name = "a", .help = "A.", .kind = MetricKind::gauge, .series = {{.value = value}}}});
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(written(0), "0\n");
  EXPECT_EQ(written(-12), "-12\n");
  EXPECT_EQ(written(1e14), "100000000000000\n");
  EXPECT_EQ(written(0.1), "0.1\n");
  EXPECT_EQ(written(1e300), "1e+300\n");
  EXPECT_EQ(written(std::nan("")), "NaN\n");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "+Inf\n");
  EXPECT_EQ(written(-std::numeric_limits<double>::infinity()), "-Inf\n");
}

TEST(Prometheus, leaves_out_a_family_without_series) {
  Metrics metrics;
  {
    const Observation gone = metrics.observable_gauge("depth", "Depth.", {}, [] { return 1; });
  }
  EXPECT_EQ(metrics.prometheus(), "");
}

TEST(HttpMetrics, counts_requests_by_status_and_errors_by_code) {
  Metrics metrics;
  HttpMetrics http(metrics, "petstore");
  HttpMetrics::Route& pets = http.route("GET", "/pets/{id}");
  pets.record({.status = 200}, milliseconds(3));
  pets.record({.status = 200}, milliseconds(3));
  pets.record({.status = 404}, milliseconds(1));
  pets.record_error(Code::not_found);
  const Labels route = {{"service", "petstore"}, {"method", "GET"}, {"route", "/pets/{id}"}};
  const auto with_status = [&](std::string_view name, std::string status) {
    Labels labels = route;
    labels.push_back({"status", std::move(status)});
    return metrics.value(name, labels);
  };
  for (const std::string_view name : {"mmf_requests_total", "mmf_request_duration_seconds"}) {
    EXPECT_EQ(with_status(name, "200"), 2);
    EXPECT_EQ(with_status(name, "404"), 1);
    EXPECT_EQ(with_status(name, "500"), std::nullopt);
  }
  EXPECT_EQ(
      metrics.value("mmf_errors_total", {{"service", "petstore"}, {"route", "/pets/{id}"}, {"code", "not_found"}}), 1);
}

TEST(HttpMetrics, counts_more_statuses_than_it_keeps_at_hand) {
  Metrics metrics;
  HttpMetrics http(metrics, "petstore");
  HttpMetrics::Route& any = http.route("GET", "/proxy");
  for (int round = 0; round < 2; ++round) {
    for (int status = 200; status < 240; ++status) any.record({.status = status}, milliseconds(1));
  }
  for (int status = 200; status < 240; ++status) {
    EXPECT_EQ(
        metrics.value(
            "mmf_requests_total",
            {{"service", "petstore"}, {"method", "GET"}, {"route", "/proxy"}, {"status", std::to_string(status)}}),
        2);
  }
}

// One metric more than fit must not end the request that would have needed it.
TEST(HttpMetrics, records_on_where_the_registry_is_full) {
  Metrics metrics({.max_series = 2000});
  HttpMetrics http(metrics, "petstore");
  HttpMetrics::Route& pets = http.route("GET", "/pets");
  std::vector<double> bounds(200);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(i);
  const auto fill = [&] {
    for (int i = 0; i < 100'000; ++i) {
      metrics.histogram("filler_" + std::to_string(i / 2000), "Fills.", bounds, {{"i", std::to_string(i)}});
    }
  };
  EXPECT_THROW(fill(), Error);
  pets.record({.status = 503}, milliseconds(1));
  pets.record_error(Code::unavailable);
  pets.record({.status = 200}, milliseconds(1));
  EXPECT_EQ(metrics.value("mmf_requests_total",
                          {{"service", "petstore"}, {"method", "GET"}, {"route", "/pets"}, {"status", "200"}}),
            1);
}

TEST(PluginMetrics, count_by_plugin_operation_and_status) {
  Metrics metrics;
  PluginMetrics plugins(metrics);
  plugins.operation("payments", "charge").record(Code::ok, milliseconds(2));
  plugins.operation("payments", "charge").record(Code::unavailable, milliseconds(3));
  const auto count = [&](const char* status) {
    return metrics.value("mmf_plugin_operations_total",
                         {{"plugin_id", "payments"}, {"operation", "charge"}, {"status", status}});
  };
  EXPECT_EQ(count("ok"), 1);
  EXPECT_EQ(count("unavailable"), 1);
  EXPECT_EQ(
      metrics.value("mmf_plugin_operation_duration_seconds", {{"plugin_id", "payments"}, {"operation", "charge"}}), 2);
}

TEST(PluginMetrics, beyond_their_limit_operations_count_as_other) {
  Metrics metrics;
  PluginMetrics plugins(metrics);
  for (std::size_t i = 0; i < PluginMetrics::kMaxOperations; ++i) plugins.operation("p", std::to_string(i));
  plugins.operation("p", "one_more").record(Code::ok, milliseconds(1));
  plugins.operation("p", "0").record(Code::ok, milliseconds(1));
  const auto count = [&](const char* plugin, const char* operation) {
    return metrics.value("mmf_plugin_operations_total",
                         {{"plugin_id", plugin}, {"operation", operation}, {"status", "ok"}});
  };
  EXPECT_EQ(count("other", "other"), 1);
  EXPECT_EQ(count("p", "0"), 1);
  EXPECT_EQ(count("p", "one_more"), std::nullopt);
}

TEST(DatabaseMetrics, counts_operations_by_outcome) {
  Metrics metrics;
  DatabaseMetrics database(metrics, "sqlite", "database");
  DatabaseMetrics::Operation& insert = database.operation("insert", "pets");
  insert.record(Code::ok, milliseconds(2));
  insert.record(Code::aborted, milliseconds(2));
  database.used_connections.add();
  EXPECT_EQ(
      metrics.value("mmf_database_operations_total", {{"operation", "insert"}, {"table", "pets"}, {"status", "ok"}}),
      1);
  EXPECT_EQ(metrics.value("mmf_database_operations_total",
                          {{"operation", "insert"}, {"table", "pets"}, {"status", "aborted"}}),
            1);
  EXPECT_EQ(metrics.value("mmf_database_operation_duration_seconds", {{"operation", "insert"}, {"table", "pets"}}), 2);
  EXPECT_EQ(metrics.value("mmf_db_connections", {{"state", "used"}}), 1);
}

TEST(ProcessMetrics, tell_plausible_values) {
  Metrics metrics;
  const ProcessMetrics process(metrics);
  EXPECT_GT(metrics.value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(metrics.value("process_virtual_memory_bytes"), *metrics.value("process_resident_memory_bytes"));
  EXPECT_GE(metrics.value("process_open_fds"), 3);
  EXPECT_GE(metrics.value("process_max_fds"), *metrics.value("process_open_fds"));
  EXPECT_GT(metrics.value("process_start_time_seconds"), 1.7e9);
  EXPECT_GT(metrics.value("process_cpu_seconds_total"), 0);
}

TEST(ProcessMetrics, count_an_opened_descriptor) {
  Metrics metrics;
  const ProcessMetrics process(metrics);
  const double before = *metrics.value("process_open_fds");
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(metrics.value("process_open_fds"), before + 1);
  std::fclose(file);
}

TEST(ProcessMetrics, show_the_memory_of_the_heap) {
  Metrics metrics;
  const ProcessMetrics process(metrics);
  const double before = *metrics.value("mmf_anonymous_memory_bytes");
  const std::vector<char> block(50'000'000, 'x');
  EXPECT_GT(metrics.value("mmf_anonymous_memory_bytes"), before + 45e6);
  EXPECT_LE(metrics.value("mmf_anonymous_memory_bytes"), *metrics.value("process_resident_memory_bytes") + 1e6);
}

TEST(Metrics, what_counts_dropped_series_is_the_standard_family) {
  Metrics metrics({.max_series = 1});
  metrics.counter("a_total", "A.", {{"n", "1"}});
  metrics.counter("a_total", "A.", {{"n", "2"}});
  const auto find = [](const std::vector<MetricFamily>& families) {
    return *std::ranges::find(families, "mmf_metrics_dropped_series_total", &MetricFamily::name);
  };
  const MetricFamily real = find(metrics.read()), standard = find(standard_families());
  EXPECT_EQ(real.help, standard.help);
  ASSERT_EQ(real.series.at(0).labels.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(real.series.at(0).labels[i].name, standard.series.at(0).labels.at(i).name);
}

// docs/reference/metrics.md is what the standard families say of themselves; MARTY_UPDATE_GOLDEN=1 writes it anew.
TEST(Metrics, the_reference_lists_the_standard_families) {
  constexpr std::array<const char*, 3> kKinds = {"counter", "gauge", "histogram"};
  std::string text =
      "# Metrics\n\nWhat every service shows under `/metrics`. Times are in seconds, with buckets from 100 us to 10 "
      "s.\n\n"
      "| name | kind | labels | meaning |\n| --- | --- | --- | --- |\n";
  for (const MetricFamily& family : standard_families()) {
    std::string labels;
    for (const Label& label : family.series.at(0).labels) labels += (labels.empty() ? "`" : ", `") + label.name + "`";
    text += "| `" + family.name + "` | " + kKinds[static_cast<std::size_t>(family.kind)] + " | " + labels + " | " +
            family.help + " |\n";
  }
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(MARTY_METRICS_REFERENCE) << text;
  std::ostringstream expected;
  expected << std::ifstream(MARTY_METRICS_REFERENCE).rdbuf();
  EXPECT_EQ(text, expected.str());
}

// `promtool check metrics` of Prometheus, on everything that a service shows.
TEST(Prometheus, promtool_accepts_the_standard_families) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  Metrics metrics({.max_series = 1});
  const ProcessMetrics process(metrics);
  HttpMetrics http(metrics, "petstore");
  http.route("GET", "/pets/{id}").record({.status = 200}, milliseconds(3));
  http.route("GET", "unmatched").record({.status = 404}, milliseconds(3));
  DatabaseMetrics database(metrics, "sqlite", "database");
  database.operation("insert", "pets").record(Code::ok, milliseconds(2));
  PluginMetrics(metrics).operation("payments", "charge").record(Code::unavailable, milliseconds(2));
  record_build_info(metrics, "pet\"store\\\n", "1.0");
  std::FILE* const promtool = ::popen("promtool check metrics 2>&1 | tee /dev/stderr | wc -c | grep -qx 0", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = metrics.prometheus();
  std::fwrite(text.data(), 1, text.size(), promtool);
  EXPECT_EQ(::pclose(promtool), 0) << text;
}

}  // namespace
}  // namespace marty::telemetry
