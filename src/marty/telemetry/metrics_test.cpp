#include "marty/telemetry/metrics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::telemetry {
namespace {

// The message of the Error that `function` throws.
template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Metrics, counts) {
  Metrics metrics;
  Counter sent = metrics.counter("mail_sent_total", "Mails sent.", {{"kind", "receipt"}});
  EXPECT_EQ(metrics.value("mail_sent_total", {{"kind", "receipt"}}), 0);
  sent.add();
  sent.add(4);
  EXPECT_EQ(metrics.value("mail_sent_total", {{"kind", "receipt"}}), 5);
  EXPECT_EQ(metrics.value("mail_sent_total", {{"kind", "other"}}), std::nullopt);
  EXPECT_EQ(metrics.value("nobody_total"), std::nullopt);
}

TEST(Metrics, the_same_name_and_labels_are_the_same_series_in_any_order) {
  Metrics metrics;
  metrics.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}}).add();
  metrics.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}}).add();
  metrics.counter("a_total", "A.", {{"x", "2"}, {"y", "1"}}).add();
  EXPECT_EQ(metrics.value("a_total", {{"x", "1"}, {"y", "2"}}), 2);
  EXPECT_EQ(metrics.read().at(0).series.size(), 2u);
}

TEST(Metrics, a_series_that_a_thread_knows_is_refused_in_another_shape_all_the_same) {
  Metrics metrics;
  const double bounds[] = {1, 2}, others[] = {1, 3};
  metrics.histogram("h", "H.", bounds, {{"x", "1"}});
  metrics.histogram("h", "H.", bounds, {{"x", "1"}}).record(1.0);
  EXPECT_EQ(metrics.value("h", {{"x", "1"}}), 1);
  EXPECT_NE(error_of([&] { metrics.histogram("h", "H.", others, {{"x", "1"}}); }), "no error");
  EXPECT_NE(error_of([&] { metrics.gauge("h", "H.", {{"x", "1"}}); }), "no error");
}

TEST(Metrics, gauges_are_set_and_up_down_counters_are_stepped) {
  Metrics metrics;
  Gauge temperature = metrics.gauge("temperature_celsius", "Temperature.");
  temperature.set(-3.5);
  temperature.add(1);
  EXPECT_EQ(metrics.value("temperature_celsius"), -2.5);
  UpDownCounter in_flight = metrics.up_down_counter("in_flight", "In flight.");
  in_flight.add();
  in_flight.subtract(3);
  EXPECT_EQ(metrics.value("in_flight"), -2);
}

TEST(Metrics, a_value_counts_in_the_first_bucket_whose_bound_is_not_below_it) {
  Metrics metrics;
  const double bounds[] = {0.1, 1};
  Histogram latency = metrics.histogram("latency_seconds", "Latency.", bounds);
  for (const double value : {0.0, 0.1, 0.1000001, 1.0, 1.5}) latency.record(value);
  latency.record(std::chrono::milliseconds(100));
  const Series series = metrics.read().at(0).series.at(0);
  EXPECT_EQ(series.buckets, (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(series.value, 6);
  EXPECT_NEAR(series.sum, 2.8000001, 1e-9);
}

TEST(Metrics, handles_made_by_default_record_nothing) {
  Counter().add();
  Gauge().set(1);
  Histogram().record(1.0);
  UpDownCounter().subtract();
}

TEST(Metrics, callbacks_are_asked_at_each_reading_until_their_observation_is_gone) {
  Metrics metrics;
  double depth = 3;
  auto observation =
      std::make_unique<Observation>(metrics.observable_gauge("depth", "Depth.", {}, [&] { return depth; }));
  EXPECT_EQ(metrics.value("depth"), 3);
  depth = 4;
  EXPECT_EQ(metrics.value("depth"), 4);
  EXPECT_THROW(static_cast<void>(metrics.observable_gauge("depth", "Depth.", {}, [] { return 0; })), Error);
  observation.reset();
  EXPECT_EQ(metrics.value("depth"), std::nullopt);
  const Observation again = metrics.observable_gauge("depth", "Depth.", {}, [] { return 7; });
  EXPECT_EQ(metrics.value("depth"), 7);
}

TEST(Metrics, a_callback_that_throws_reads_nan) {
  Metrics metrics;
  const Observation observation =
      metrics.observable_gauge("depth", "Depth.", {}, []() -> double { throw std::runtime_error("closed"); });
  EXPECT_TRUE(std::isnan(*metrics.value("depth")));
}

TEST(Metrics, a_callback_may_register_metrics) {
  Metrics metrics;
  const Observation observation = metrics.observable_gauge("depth", "Depth.", {}, [&] {
    metrics.counter("asked_total", "Asked.").add();
    return 1;
  });
  metrics.read();
  EXPECT_EQ(metrics.value("asked_total"), 1) << "registered by the reading before";
}

TEST(Metrics, an_observation_may_outlive_its_registry) {
  auto metrics = std::make_unique<Metrics>();
  Observation observation = metrics->observable_gauge("depth", "Depth.", {}, [] { return 1; });
  metrics.reset();
}

TEST(Metrics, refuses_names_that_prometheus_would_refuse) {
  Metrics metrics;
  const auto counter = [&](std::string_view name) { return error_of([&] { metrics.counter(name, "Help."); }); };
  EXPECT_EQ(counter("requests"), "metric 'requests': the name of a counter must end in _total");
  EXPECT_EQ(counter("9_total"),
            "metric '9_total': its name must be letters, digits and '_', and not begin with a digit");
  EXPECT_NE(counter(""), "no error");
  EXPECT_NE(counter("a-b_total"), "no error");
  EXPECT_EQ(error_of([&] { metrics.gauge("a_total", "Help."); }),
            "metric 'a_total': only the name of a counter may end in _total");
  EXPECT_EQ(error_of([&] { metrics.gauge("a_count", "Help."); }),
            "metric 'a_count': its name must not end in _count: histograms use that");
  EXPECT_EQ(error_of([&] { metrics.gauge("a", ""); }), "metric 'a': it needs a help text");
}

TEST(Metrics, refuses_labels_that_prometheus_would_refuse) {
  Metrics metrics;
  const auto labels = [&](const Labels& all) { return error_of([&] { metrics.gauge("a", "Help.", all); }); };
  for (const std::string name : {"", "le", "__name", "a b", "1a"}) EXPECT_NE(labels({{name, "x"}}), "no error") << name;
  EXPECT_EQ(labels({{"a", "1"}, {"a", "2"}}), "metric 'a': label 'a' is there twice");
  EXPECT_EQ(labels({{"_a1", "any \n text"}}), "no error");
}

TEST(Metrics, refuses_bounds_that_are_no_bounds) {
  Metrics metrics;
  const auto histogram = [&](const std::vector<double>& bounds) {
    return error_of([&] { metrics.histogram("h", "Help.", bounds); });
  };
  EXPECT_NE(histogram({}), "no error");
  EXPECT_NE(histogram({1, 1}), "no error");
  EXPECT_NE(histogram({2, 1}), "no error");
  EXPECT_NE(histogram({1, std::numeric_limits<double>::infinity()}), "no error");
  EXPECT_NE(histogram({std::nan("")}), "no error");
  std::vector<double> many;
  for (int i = 0; i < 201; ++i) many.push_back(i);
  EXPECT_NE(histogram(many), "no error");
}

TEST(Metrics, refuses_a_second_definition_of_a_name) {
  Metrics metrics;
  metrics.gauge("a", "Help.", {{"x", "1"}});
  const std::string refused =
      "metric a is registered already, with another kind, other label names or other bounds: use one definition, or "
      "another name";
  EXPECT_EQ(error_of([&] { metrics.gauge("a", "Help.", {{"y", "1"}}); }), refused);
  EXPECT_EQ(error_of([&] { metrics.gauge("a", "Help."); }), refused);
  EXPECT_EQ(error_of([&] { metrics.up_down_counter("a", "Help.", {{"x", "1"}}); }), refused);
  const double bounds[] = {1};
  metrics.histogram("h", "Help.", bounds);
  EXPECT_NE(error_of([&] { metrics.histogram("h", "Help."); }), "no error");
}

TEST(Metrics, counts_series_beyond_the_limit_as_other_and_says_how_many) {
  Metrics metrics({.max_series = 3});
  for (int user = 0; user < 10; ++user)
    metrics.counter("visits_total", "Visits.", {{"user", std::to_string(user)}}).add();
  metrics.counter("visits_total", "Visits.", {{"user", "2"}}).add();
  EXPECT_EQ(metrics.value("visits_total", {{"user", "2"}}), 2) << "known ones are still themselves";
  EXPECT_EQ(metrics.value("visits_total", {{"user", "3"}}), std::nullopt);
  EXPECT_EQ(metrics.value("visits_total", {{"user", "other"}}), 7);
  EXPECT_EQ(metrics.value("mmf_metrics_dropped_series_total", {{"metric", "visits_total"}, {"label", "user"}}), 7);
}

TEST(Metrics, folds_only_the_label_that_has_too_many_values_and_names_it) {
  RecordingSink sink;
  Logging logging({.service = "petstore"}, sink);
  Context context;
  context.begin();
  context.logging = &logging;
  const ContextScope scope(context);
  Metrics metrics({.max_series = 100});
  const auto visit = [&](const std::string& kind, int user) {
    metrics.counter("visits_total", "Visits.", {{"kind", kind}, {"user_id", std::to_string(user)}}).add();
  };
  for (int user = 0; user < 200; ++user) visit(user % 2 == 0 ? "page" : "api", user);
  EXPECT_EQ(metrics.value("visits_total", {{"kind", "page"}, {"user_id", "other"}}), 50);
  EXPECT_EQ(metrics.value("visits_total", {{"kind", "api"}, {"user_id", "other"}}), 50);
  EXPECT_EQ(metrics.value("mmf_metrics_dropped_series_total", {{"metric", "visits_total"}, {"label", "user_id"}}), 100);
  ASSERT_EQ(sink.lines().size(), 1u);
  EXPECT_EQ(json::Value::parse(sink.lines()[0])["message"].as_string(),
            "metric visits_total has 100 series: its label user_id has 100 values, and further ones count as "
            "\"other\". Give it values of a small set (a kind, not an id), or leave it out");
}

TEST(Metrics, the_limit_holds_where_every_label_has_many_values) {
  Metrics metrics({.max_series = 100});
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i);
    metrics.counter("visits_total", "Visits.", {{"page", "/" + text}, {"user", text}}).add();
  }
  const MetricFamily family = *metrics.read("visits_total");
  EXPECT_EQ(family.series.size(), 111u) << "100, a tenth with one label folded, one with all of them";
  EXPECT_EQ(metrics.value("visits_total", {{"page", "other"}, {"user", "other"}}), 890);
}

TEST(Metrics, refuses_what_would_have_one_name_in_openmetrics) {
  Metrics metrics;
  metrics.counter("mails_total", "Mails.");
  EXPECT_EQ(error_of([&] { metrics.gauge("mails", "Mails."); }),
            "metric mails would have one name with mails_total in OpenMetrics: use another");
  metrics.gauge("letters", "Letters.");
  EXPECT_NE(error_of([&] { metrics.counter("letters_total", "Letters."); }), "no error");
}

TEST(Metrics, reads_one_family_without_asking_for_the_others) {
  Metrics metrics;
  int asked = 0;
  const Observation depth = metrics.observable_gauge("depth", "Depth.", {}, [&] { return ++asked; });
  metrics.counter("mails_total", "Mails.").add(2);
  EXPECT_EQ(metrics.read("mails_total")->series.at(0).value, 2);
  EXPECT_FALSE(metrics.read("mails").has_value());
  EXPECT_EQ(asked, 0);
}

TEST(Metrics, the_default_limit_holds_2000_series_of_each_metric) {
  Metrics metrics;
  for (int i = 0; i < 2500; ++i) {
    metrics.histogram("h_seconds", "H.", kLatencyBounds, {{"i", std::to_string(i)}}).record(1.0 * i);
  }
  EXPECT_EQ(metrics.value("h_seconds", {{"i", "1999"}}), 1);
  EXPECT_EQ(metrics.value("h_seconds", {{"i", "other"}}), 500);
}

TEST(Metrics, registries_of_one_thread_do_not_mix) {
  Metrics first, second;
  Counter one = first.counter("a_total", "A."), two = second.counter("a_total", "A.");
  for (int i = 0; i < 10; ++i) {
    one.add();
    two.add(2);
  }
  EXPECT_EQ(first.value("a_total"), 10);
  EXPECT_EQ(second.value("a_total"), 20);
}

TEST(Metrics, a_registry_at_the_address_of_a_former_one_starts_from_zero) {
  for (int round = 0; round < 1000; ++round) {
    Metrics metrics;
    Counter counter = metrics.counter("a_total", "A.");
    counter.add();
    ASSERT_EQ(metrics.value("a_total"), 1);
  }
}

TEST(Metrics, loses_nothing_that_ended_threads_counted) {
  Metrics metrics;
  Counter counter = metrics.counter("a_total", "A.");
  for (int i = 0; i < 50; ++i) std::thread([&] { counter.add(); }).join();
  EXPECT_EQ(metrics.value("a_total"), 50);
}

TEST(Metrics, threads_count_while_others_read_and_register) {
  Metrics metrics;
  Counter counter = metrics.counter("a_total", "A.");
  Histogram histogram = metrics.histogram("h_seconds", "H.");
  UpDownCounter in_flight = metrics.up_down_counter("in_flight", "In flight.");
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        in_flight.add();
        counter.add();
        histogram.record(0.001 * i);
        metrics.counter("many_total", "Many.", {{"i", std::to_string((i * 7 + thread) % 500)}}).add();
        in_flight.subtract();
      }
    });
  }
  std::thread reader([&] {
    double last = 0;
    while (!done) {
      const double now = *metrics.value("a_total");
      EXPECT_GE(now, last) << "a counter never goes down";
      last = now;
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  EXPECT_EQ(metrics.value("a_total"), 8000);
  EXPECT_EQ(metrics.value("h_seconds"), 8000);
  EXPECT_EQ(metrics.value("in_flight"), 0);
  double many = 0;
  for (const MetricFamily& family : metrics.read()) {
    if (family.name != "many_total") continue;
    for (const Series& series : family.series) many += series.value;
  }
  EXPECT_EQ(many, 8000);
}

TEST(Metrics, labels_with_a_point_in_their_names_are_for_opentelemetry_only) {
  Metrics metrics;
  const auto requests = [&](const char* route, const char* scheme, const char* error) {
    return metrics.histogram("time_seconds", "Time.", std::array{0.1, 1.0},
                             {{"route", route}, {"url.scheme", scheme}, {"error.type", error}});
  };
  requests("/a", "http", "").record(0.05);
  requests("/a", "https", "").record(0.5);
  requests("/a", "https", "internal").record(5.0);
  requests("/b", "http", "").record(0.5);
  EXPECT_EQ(metrics.read_with_attributes().at(0).series.size(), 4u);
  const MetricFamily family = metrics.read().at(0);
  ASSERT_EQ(family.series.size(), 2u);
  EXPECT_EQ(family.series[0].labels, (Labels{{"route", "/a"}}));
  EXPECT_EQ(family.series[0].value, 3);
  EXPECT_EQ(family.series[0].sum, 5.55);
  EXPECT_EQ(family.series[0].buckets, (std::vector<std::uint64_t>{1, 1, 1}));
  EXPECT_EQ(metrics.value("time_seconds", {{"route", "/b"}}), 1);
  EXPECT_EQ(metrics.prometheus().find("url"), std::string::npos);
  EXPECT_THROW(metrics.counter("a_total", "A.", {{"url.scheme", "http"}, {"route", "/a"}}), Error);
  EXPECT_THROW(metrics.counter("a_total", "A.", {{"url..scheme", "http"}}), Error);
}

}  // namespace
}  // namespace marty::telemetry
