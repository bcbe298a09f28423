#include "marty/observability/observability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/observability/alerts.hpp"
#include "marty/telemetry/standard_families.hpp"

namespace marty::observability {
namespace {

namespace fs = std::filesystem;
using telemetry::MetricFamily;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void expect_golden(const File& file) {
  const fs::path path = fs::path(MARTY_OPS) / file.path;
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << file.text;
  }
  EXPECT_EQ(file.text, read(path)) << file.path << ": MARTY_UPDATE_GOLDEN=1 accepts it";
}

std::vector<MetricFamily> families_without(const std::string& name) {
  std::vector<MetricFamily> families = telemetry::standard_families();
  std::erase_if(families, [&](const MetricFamily& family) { return family.name == name; });
  return families;
}

TEST(Observability, the_shipped_files_are_what_the_registry_gives) {
  const std::vector<MetricFamily> families = telemetry::standard_families();
  std::set<std::string> made;
  for (const auto& files : {dashboard_files(families), rule_files(families, {.slos = telemetry::default_slos()})}) {
    for (const File& file : files) expect_golden(file), made.insert(file.path);
  }
  for (const char* folder : {"dashboards", "rules"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(MARTY_OPS) / folder))
      EXPECT_TRUE(made.contains(std::string(folder) + "/" + entry.path().filename().string())) << entry.path();
  }
}

TEST(Observability, a_metric_that_is_gone_from_the_registry_is_missed) {
  for (const char* name : {"mmf_requests_total", "mmf_request_duration_seconds", "mmf_build_info", "mmf_errors_total",
                           "process_cpu_seconds_total", "mmf_event_loop_lag_seconds"}) {
    EXPECT_THROW(dashboard_files(families_without(name)), Error) << name;
  }
  EXPECT_THROW(rule_files(families_without("mmf_requests_total"), {.slos = telemetry::default_slos()}), Error);
}

TEST(Observability, a_label_that_is_gone_from_the_registry_is_missed) {
  std::vector<MetricFamily> families = telemetry::standard_families();
  for (MetricFamily& family : families) {
    for (telemetry::Series& series : family.series)
      std::erase_if(series.labels, [](const telemetry::Label& label) { return label.name == "route"; });
  }
  EXPECT_THROW(dashboard_files(families), Error);
  EXPECT_THROW(rule_files(families, {.slos = telemetry::default_slos()}), Error);
}

TEST(Observability, who_has_no_database_and_no_plugins_gets_no_alerts_of_them) {
  std::vector<MetricFamily> families = telemetry::standard_families();
  std::erase_if(families, [](const MetricFamily& family) {
    return family.name.starts_with("mmf_database_") || family.name.starts_with("mmf_plugin_");
  });
  const std::vector<File> files = rule_files(families, {.service = "hello", .environment = "production", .slos = {}});
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "rules/production.yaml");
  EXPECT_THAT(files[0].text, HasSubstr("MMFHighErrorRate"));
  EXPECT_THAT(files[0].text, Not(HasSubstr("MMFPlugin")));
  EXPECT_THAT(files[0].text, Not(HasSubstr("MMFDatabase")));
}

TEST(Observability, the_rules_of_one_service_are_about_no_other) {
  const std::vector<File> files =
      rule_files(telemetry::standard_families(),
                 {.service = "petstore", .environment = "staging", .slos = telemetry::default_slos()});
  ASSERT_EQ(files.size(), 2U);
  EXPECT_THAT(files[0].text, HasSubstr(R"(absent(up{service="petstore"}))"));
  EXPECT_THAT(files[1].text, HasSubstr(R"(slo:sli_bad:rate5m{service="petstore", slo="success"})"));
}

TEST(Observability, another_environment_is_refused) {
  EXPECT_THROW(rule_files(telemetry::standard_families(), {.service = {}, .environment = "prod", .slos = {}}), Error);
}

TEST(Observability, own_metrics_get_a_dashboard_of_their_own) {
  telemetry::Metrics metrics;
  EXPECT_TRUE(own_dashboard("mail", metrics.read(), telemetry::standard_families()).empty());
  metrics.counter("mail_sent_total", "Mails handed over.", {{"kind", "receipt"}});
  metrics.histogram("mail_duration_seconds", "Time to hand a mail over.");
  metrics.gauge("mail_queue_bytes", "What waits.");
  const std::vector<File> files = own_dashboard("mail", metrics.read(), telemetry::standard_families());
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "dashboards/mail-metrics.json");
  const json::Value dashboard = json::Value::parse(files[0].text);
  EXPECT_EQ(
      dashboard.at("/panels/1/targets/0/expr").as_string(),
      R"(histogram_quantile(0.95, sum by (le) (rate(mail_duration_seconds_bucket{service="mail"}[$__rate_interval]))))");
  EXPECT_EQ(dashboard.at("/panels/2/fieldConfig/defaults/unit").as_string(), "bytes");
  EXPECT_EQ(dashboard.at("/panels/3/targets/0/legendFormat").as_string(), "{{kind}}");
}

// Every variable that a query uses is one of its dashboard's, and panels neither overlap nor leave the grid.
TEST(Observability, dashboards_are_complete_in_themselves) {
  for (const File& file : dashboard_files(telemetry::standard_families())) {
    const json::Value dashboard = json::Value::parse(file.text);
    std::set<std::string> variables = {"__rate_interval"};
    for (const json::Value& variable : dashboard["templating"]["list"].as_array())
      variables.insert(variable["name"].as_string());
    std::set<std::pair<std::int64_t, std::int64_t>> cells;
    for (const json::Value& panel : dashboard["panels"].as_array()) {
      const auto at = [&](const char* name) { return panel["gridPos"][name].as_integer(); };
      EXPECT_LE(at("x") + at("w"), 24) << file.path;
      for (auto x = at("x"); x < at("x") + at("w"); ++x) {
        for (auto y = at("y"); y < at("y") + at("h"); ++y)
          EXPECT_TRUE(cells.insert({x, y}).second) << file.path << panel["title"].to_string();
      }
    }
    for (std::size_t at = file.text.find('$'); at != std::string::npos; at = file.text.find('$', at + 1)) {
      std::size_t from = at + 1;
      if (file.text[from] == '{') ++from;
      const auto end = file.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", from);
      const std::string name = file.text.substr(from, end - from);
      EXPECT_TRUE(name == "__all" || variables.contains(name)) << file.path << ": $" << name;
    }
  }
}

}  // namespace
}  // namespace marty::observability
