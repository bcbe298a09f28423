#include "marty/telemetry/slo.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "marty/telemetry/standard.hpp"

namespace marty::telemetry {
namespace {

using namespace std::chrono_literals;

class SloCounts : public testing::Test {
 protected:
  SloCount count(const Slo& slo) const { return count_requests(slo, *metrics.read("mmf_request_duration_seconds")); }

  Metrics metrics;
  HttpMetrics http{metrics, "petstore"};
  HttpMetrics::Route& pets = http.route("GET", "/pets");
};

TEST_F(SloCounts, availability_is_hurt_by_the_services_failures_and_success_by_the_callers_too) {
  for (const int status : {200, 201, 302, 404, 503}) pets.record({.status = status}, 1ms);
  EXPECT_EQ(count({.kind = SloKind::availability}).total, 5);
  EXPECT_EQ(count({.kind = SloKind::availability}).good, 4);
  EXPECT_EQ(count({.kind = SloKind::success}).good, 3);
}

TEST_F(SloCounts, latency_counts_up_to_the_threshold) {
  for (const auto duration : {1ms, 500ms, 501ms, 9999ms}) pets.record({.status = 200}, duration);
  EXPECT_EQ(count({.kind = SloKind::latency, .threshold = 500ms}).good, 2);
  EXPECT_EQ(count({.kind = SloKind::latency, .threshold = 10s}).good, 4);
  EXPECT_EQ(count({.kind = SloKind::latency, .threshold = 500ms}).total, 4);
}

TEST_F(SloCounts, only_the_api_counts_or_the_route_that_is_named) {
  for (const char* own : {"/health", "/health/live", "/metrics", "/info", "/docs", "/docs/redoc", "/openapi.json",
                          "/grpc.health.v1.Health/Check"})
    http.route("GET", own).record({.status = 503}, 1ms);
  http.route("_OTHER", "unmatched").record({.status = 404}, 1ms);
  pets.record({.status = 200}, 1ms);
  http.route("POST", "/healthy").record({.status = 500}, 1ms);
  EXPECT_EQ(count({}).total, 2);
  EXPECT_EQ(count({}).good, 1);
  EXPECT_EQ(count({.route = "/pets"}).total, 1);
  EXPECT_EQ(count({.route = "/health"}).total, 1) << "where it is asked for";
}

TEST(ApiRoute, is_what_the_expression_of_the_queries_does_not_match) {
  const std::regex own_routes{std::string(kOwnRoutes)};
  for (const std::string route : {"unmatched",
                                  "/health",
                                  "/health/",
                                  "/health/live",
                                  "/healthy",
                                  "/docs",
                                  "/docs/redoc",
                                  "/docsets",
                                  "/info",
                                  "/info/a",
                                  "/metrics",
                                  "/metrics2",
                                  "/openapi.json",
                                  "/openapi.json/",
                                  "/grpc.health.v1.Health/Check",
                                  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                  "/grpc",
                                  "/grpcs",
                                  "/shop.v1.Pets/Get",
                                  "/",
                                  ""})
    EXPECT_EQ(is_api_route(route), !std::regex_match(route, own_routes)) << route;
}

TEST(DefaultSlos, are_those_of_the_documentation) {
  const std::vector<Slo> slos = default_slos();
  ASSERT_EQ(slos.size(), 3u);
  EXPECT_EQ(slos[0].name, "availability");
  EXPECT_EQ(slos[0].objective, 0.999);
  EXPECT_EQ(slos[0].window, std::chrono::days(30));
  EXPECT_EQ(slos[1].objective, 0.95);
  EXPECT_EQ(slos[1].threshold, 500ms);
  EXPECT_EQ(slos[2].objective, 0.99);
}

}  // namespace
}  // namespace marty::telemetry
