#include "marty/observability/slo_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/telemetry/standard_families.hpp"

namespace marty::observability {
namespace {

using telemetry::Slo;
using telemetry::SloKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<RuleGroup> rules_of(const Slo& slo) {
  const std::vector<Slo> slos = {slo};
  return slo_rules(Queries(telemetry::standard_families()), slos);
}

std::vector<std::string> recorded(const std::vector<RuleGroup>& groups) {
  std::vector<std::string> names;
  for (const Rule& rule : groups.at(0).rules) names.push_back(rule.record);
  return names;
}

std::string refusal(const Slo& slo) {
  try {
    rules_of(slo);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was refused";
}

TEST(SloRules, thirty_days_have_the_windows_of_the_workbook) {
  const auto groups = rules_of({.name = "availability", .objective = 0.999});
  for (const char* window : {"5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"})
    EXPECT_THAT(recorded(groups), Contains(std::string("slo:sli_error:ratio_rate") + window));
  const std::vector<Rule>& alerts = groups.at(1).rules;
  ASSERT_EQ(alerts.size(), 2U);
  EXPECT_EQ(alerts[0].expression.text(), R"(((slo:sli_error:ratio_rate1h{slo="availability"} > 0.0144) and )"
                                         R"((slo:sli_error:ratio_rate5m{slo="availability"} > 0.0144)) or )"
                                         R"(((slo:sli_error:ratio_rate6h{slo="availability"} > 0.006) and )"
                                         R"((slo:sli_error:ratio_rate30m{slo="availability"} > 0.006)))");
  EXPECT_THAT(alerts[1].expression.text(), HasSubstr(R"(ratio_rate3d{slo="availability"} > 0.001)"));
}

TEST(SloRules, other_windows_are_in_proportion) {
  const auto groups = rules_of({.name = "success", .objective = 0.99, .window = std::chrono::days(7)});
  for (const char* window : {"1m", "7m", "14m", "28m", "84m", "336m", "1008m", "7d"})
    EXPECT_THAT(recorded(groups), Contains(std::string("slo:sli_error:ratio_rate") + window));
  EXPECT_THAT(groups.at(1).rules.at(0).expression.text(), HasSubstr(R"(ratio_rate14m{slo="success"} > 0.144)"));
}

TEST(SloRules, a_burn_that_not_even_an_outage_reaches_is_no_alert) {
  const auto groups = rules_of({.name = "coarse", .objective = 0.9});
  EXPECT_THAT(groups.at(1).rules.at(0).expression.text(), Not(HasSubstr("ratio_rate1h")));
  EXPECT_THAT(groups.at(1).rules.at(0).expression.text(), HasSubstr(R"(ratio_rate6h{slo="coarse"} > 0.6)"));
}

TEST(SloRules, latency_counts_what_is_above_the_bound) {
  const auto groups = rules_of({.name = "fast", .kind = SloKind::latency, .objective = 0.95});
  EXPECT_THAT(groups.at(0).rules.at(1).expression.text(), HasSubstr(R"(le="0.5"}[5m]))"));
  EXPECT_THAT(refusal({.name = "fast", .kind = SloKind::latency, .threshold = std::chrono::milliseconds(300)}),
              HasSubstr("0.3 s is no bound"));
}

TEST(SloRules, a_route_counts_alone) {
  const auto groups = rules_of({.name = "pets", .route = "/api/v1/pets/{id}"});
  EXPECT_THAT(groups.at(0).rules.at(0).expression.text(), HasSubstr(R"(route="/api/v1/pets/{id}")"));
}

TEST(SloRules, what_is_no_objective_is_refused) {
  EXPECT_EQ(refusal({.name = "a b"}), "the objective 'a b' needs a name of letters, digits and '-'");
  EXPECT_THAT(refusal({.name = "a", .objective = 1}), HasSubstr("needs a share between 0 and 1, 0.999 say"));
  EXPECT_THAT(refusal({.name = "a", .window = std::chrono::hours(2)}), HasSubstr("a day at least"));
  const std::vector<Slo> twice = {{.name = "a"}, {.name = "a"}};
  EXPECT_THROW(slo_rules(Queries(telemetry::standard_families()), twice), Error);
}

TEST(Rules, durations_are_written_in_their_largest_unit) {
  EXPECT_EQ(duration_text(std::chrono::days(3)), "3d");
  EXPECT_EQ(duration_text(std::chrono::minutes(90)), "90m");
  EXPECT_EQ(duration_text(std::chrono::seconds(61)), "61s");
}

}  // namespace
}  // namespace marty::observability
