#include "marty/observability/query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/telemetry/standard_families.hpp"

namespace marty::observability {
namespace {

using ::testing::HasSubstr;

class QueryTest : public ::testing::Test {
 protected:
  template <class Function>
  std::string refusal(Function&& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.message();
    }
    return "nothing was refused";
  }

  const Queries queries{telemetry::standard_families()};
  const Queries petstore{telemetry::standard_families(), {{"service", "=", "petstore"}}};
};

TEST_F(QueryTest, a_selector_holds_the_scope_and_its_own_matchers) {
  EXPECT_EQ(petstore.rate("mmf_requests_total", "5m", {{"status", "=~", "5.."}}).text(),
            R"(rate(mmf_requests_total{service="petstore", status=~"5.."}[5m]))");
  EXPECT_EQ(queries.value("mmf_requests_in_flight").text(), "mmf_requests_in_flight");
}

TEST_F(QueryTest, values_are_quoted) {
  EXPECT_EQ(queries.up({{"job", "=", "a\"b\\c\nd"}}).text(), R"(up{job="a\"b\\c\nd"})");
}

TEST_F(QueryTest, a_quantile_is_made_of_the_buckets) {
  const Query buckets = queries.rate_buckets("mmf_request_duration_seconds", "5m");
  EXPECT_EQ(quantile(0.95, sum_by({"route", "le"}, buckets)).text(),
            "histogram_quantile(0.95, sum by (route, le) (rate(mmf_request_duration_seconds_bucket[5m])))");
}

TEST_F(QueryTest, operands_that_are_expressions_stand_in_parentheses) {
  const Query a = queries.value("process_open_fds"), b = queries.value("process_max_fds");
  EXPECT_EQ(binary(binary(a, "+", b), "/", b).text(), "(process_open_fds + process_max_fds) / process_max_fds");
  EXPECT_EQ(above(a, 0.5).text(), "process_open_fds > 0.5");
}

TEST_F(QueryTest, a_share_is_zero_where_there_is_no_part) {
  const Query a = queries.value("process_open_fds"), b = queries.value("process_max_fds");
  EXPECT_EQ(share(a, b).text(), "(process_open_fds or (process_max_fds * 0)) / (process_max_fds > 0)");
}

TEST_F(QueryTest, an_unknown_metric_is_refused_with_the_likeliest_name) {
  EXPECT_EQ(refusal([&] { queries.rate("mmf_request_total", "5m"); }),
            "the service has no metric mmf_request_total; did you mean mmf_requests_total?");
}

TEST_F(QueryTest, an_unknown_label_is_refused_in_matchers_and_in_groupings) {
  EXPECT_EQ(refusal([&] {
              queries.rate("mmf_requests_total", "5m", {{"rout", "=", "/"}});
            }),
            "mmf_requests_total has no label rout; did you mean route?");
  EXPECT_THAT(refusal([&] { sum_by({"table"}, queries.rate("mmf_requests_total", "5m")); }),
              HasSubstr("has no label table"));
}

TEST_F(QueryTest, what_was_aggregated_away_is_no_label_any_more) {
  const Query by_route = sum_by({"route"}, queries.rate("mmf_requests_total", "5m"));
  EXPECT_THAT(refusal([&] { sum_by({"status"}, by_route); }), HasSubstr("has no label status"));
  EXPECT_THAT(refusal([&] { quantile(0.5, by_route); }), HasSubstr("has no label le"));
}

TEST_F(QueryTest, kinds_are_not_mixed_up) {
  EXPECT_EQ(refusal([&] { queries.value("mmf_requests_total"); }),
            "mmf_requests_total is a counter, where a gauge is needed");
  EXPECT_EQ(refusal([&] { queries.rate("mmf_request_duration_seconds", "5m"); }),
            "mmf_request_duration_seconds is a histogram, where a counter is needed");
}

TEST_F(QueryTest, a_limit_of_time_has_to_be_a_bound) {
  EXPECT_THAT(queries.rate_within("mmf_request_duration_seconds", 0.5, "5m").text(), HasSubstr(R"(le="0.5")"));
  EXPECT_THAT(queries.rate_within("mmf_request_duration_seconds", 1, "5m").text(), HasSubstr(R"(le=~"1([.]0)?")"));
  EXPECT_THAT(refusal([&] { queries.rate_within("mmf_request_duration_seconds", 0.3, "5m"); }),
              HasSubstr("0.3 s is no bound of mmf_request_duration_seconds"));
}

}  // namespace
}  // namespace marty::observability
