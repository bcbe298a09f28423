#include "marty/otlp/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::otlp {
namespace {

using http::internal::error_of;
using testing::HasSubstr;

TEST(OtlpSection, without_an_endpoint_nothing_is_exported) {
  EXPECT_EQ(exporter_options({}, {}), std::nullopt);
  EXPECT_EQ(exporter_options({}, {{"OTEL_EXPORTER_OTLP_PROTOCOL", "nonsense"}}), std::nullopt);
}

TEST(OtlpSection, variables_fill_what_the_configuration_leaves_unset) {
  const config::Variables variables = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"},
                                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                       {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t0, x-team = shop"}};
  const ExporterOptions options = *exporter_options({}, variables);
  EXPECT_EQ(options.endpoint, "http://collector:4317");
  EXPECT_EQ(options.protocol, Protocol::grpc);
  ASSERT_EQ(options.headers.size(), 2u);
  EXPECT_EQ(options.headers[0].second.reveal(), "Bearer t0");
  EXPECT_EQ(options.headers[1].first, "x-team");
  EXPECT_EQ(options.headers[1].second.reveal(), "shop");

  const ExporterOptions own = *exporter_options(
      {.endpoint = config::Url("https://own:4318"), .protocol = Protocol::http, .headers = {{"x-own", Secret("1")}}},
      variables);
  EXPECT_EQ(own.endpoint, "https://own:4318");
  EXPECT_EQ(own.protocol, Protocol::http);
  ASSERT_EQ(own.headers.size(), 1u);
  EXPECT_EQ(own.headers[0].first, "x-own");
}

TEST(OtlpSection, says_which_variable_is_wrong) {
  const auto message_of = [](std::string name, std::string value) {
    config::Variables variables = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"}};
    variables[name] = std::move(value);
    return error_of([&] { (void)exporter_options({}, variables); }).message();
  };
  EXPECT_THAT(message_of("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT"));
  EXPECT_THAT(message_of("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), HasSubstr("grpc or http/protobuf"));
  const std::string headers = message_of("OTEL_EXPORTER_OTLP_HEADERS", "t0ken");
  EXPECT_THAT(headers, HasSubstr("OTEL_EXPORTER_OTLP_HEADERS"));
  EXPECT_THAT(headers, testing::Not(HasSubstr("t0ken"))) << "it may be a secret";
}

TEST(OtlpSection, refuses_an_endpoint_that_holds_more_than_an_address) {
  for (const char* endpoint : {"http://me:hunter2@collector:4318", "http://collector:4318/?key=hunter2",
                               "http://collector:4318#hunter2", "http://me:hunter2/@collector"}) {
    const Error error = error_of([&] { (void)exporter_options({}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", endpoint}}); });
    EXPECT_EQ(error.code(), Code::invalid_argument) << endpoint;
    EXPECT_THAT(error.message(), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT"));
    EXPECT_THAT(error.message(), testing::Not(HasSubstr("hunter2")));
  }
  Problems problems;
  OtlpSection{.endpoint = config::Url("http://collector:4318/?key=hunter2")}.check(problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.errors()[0].pointer, "/endpoint");
}

TEST(OtlpSection, refuses_a_path_for_grpc_only) {
  const OtlpSection section{.endpoint = config::Url("https://collector:4318/tenant"), .protocol = Protocol::grpc};
  EXPECT_THAT(error_of([&] { (void)exporter_options(section, {}); }).message(), HasSubstr("telemetry.otlp.endpoint"));
  const OtlpSection http{.endpoint = section.endpoint, .protocol = Protocol::http};
  EXPECT_EQ(exporter_options(http, {})->endpoint, "https://collector:4318/tenant");
}

}  // namespace
}  // namespace marty::otlp
