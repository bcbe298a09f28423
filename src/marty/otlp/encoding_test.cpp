// What is sent, as bytes; tests/otlp reads the same with OpenTelemetry's own messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "marty/otlp/internal/log_buffer.hpp"
#include "marty/otlp/internal/metrics_encoder.hpp"
#include "marty/otlp/internal/response.hpp"
#include "marty/otlp/internal/test_support.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::otlp::internal {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST(Envelope, holds_the_items_whatever_their_size) {
  const Envelope envelope({{"service.name", "shop"}, {"process.pid", std::int64_t{7}}});
  for (const std::size_t bytes : {0u, 1u, 100u, 200u, 20'000u, 1u << 20, 3u << 20}) {
    std::string request = "of before";
    envelope.begin(request);
    EXPECT_TRUE(envelope.is_empty(request));
    telemetry::internal::append_bytes_field(request, kItems, std::string(bytes, 'x'));
    EXPECT_FALSE(envelope.is_empty(request));
    envelope.finish(request);
    ASSERT_EQ(items_of(request).size(), 1u) << bytes;
    EXPECT_EQ(items_of(request)[0].size(), bytes);
  }
}

TEST(MetricNames, tell_the_unit_of_any_metric_by_its_suffix) {
  const auto unit = [](std::string name) { return std::string(name_of({.name = std::move(name)}).unit); };
  EXPECT_EQ(unit("mail_duration_seconds"), "s");
  EXPECT_EQ(unit("mail_sent_bytes_total"), "By");
  EXPECT_EQ(unit("mmf_slo_compliance_ratio"), "1");
  EXPECT_EQ(unit("mail_sent_total"), "");
  EXPECT_EQ(name_of({.name = "mail_sent_total"}).name, "mail_sent_total");
  EXPECT_EQ(name_of({.name = "mmf_request_duration_seconds"}).name, "http.server.request.duration");
}

TEST(MetricNames, stand_in_the_guide) {
  std::ostringstream guide;
  guide << std::ifstream(MARTY_TELEMETRY_GUIDE).rdbuf();
  for (const MetricName& name : metric_names()) {
    std::string row =
        "| `" + std::string(name.family) + "` | `" + std::string(name.name) + "` | `" + std::string(name.unit) + "` | ";
    for (const AttributeName& attribute : name.attributes)
      row += (row.ends_with("| ") ? "`" : ", `") + std::string(attribute.attribute) + "`";
    EXPECT_THAT(guide.str(), HasSubstr(row));
  }
}

TEST(MetricsEncoder, gives_every_point_once_however_small_the_pieces) {
  telemetry::Metrics metrics;
  for (int i = 0; i < 100; ++i) metrics.counter("pets_total", "Pets.", {{"kind", std::to_string(i)}}).add();
  metrics.histogram("time_seconds", "Time.").record(1s);
  const auto of_failure = metrics.observable_gauge("gauge", "A gauge.", {}, []() -> double { throw 1; });
  for (const std::size_t piece : {1u, 500u, 1u << 20}) {
    MetricsEncoder encoder(metrics.read_with_attributes(), Timestamp(), Timestamp(1s));
    std::size_t points = 0;
    while (!encoder.is_done()) {
      std::string out;
      points += encoder.encode(out, piece);
      fields(out, kItems);  // well-formed
      EXPECT_THAT(out, Not(HasSubstr("A gauge.")));
    }
    EXPECT_EQ(points, 101u);
  }
}

TEST(LogBuffer, drops_and_counts_what_finds_no_room) {
  int rings = 0;
  LogBuffer buffer(1'000, [&] { ++rings; });
  const telemetry::Context context;
  const telemetry::Redaction redaction;
  for (int i = 0; i < 100; ++i)
    buffer.take({telemetry::Level::info, "shop", "a message", {}, {}, __FILE__, __LINE__}, context, {}, redaction);
  EXPECT_EQ(rings, 1);
  std::string out;
  const std::size_t kept = buffer.collect(out, 1 << 20);
  EXPECT_GT(kept, 2u);
  EXPECT_LE(out.size(), 1'000u);
  EXPECT_EQ(fields(out, kItems).size(), kept);
  EXPECT_EQ(buffer.dropped(), 100 - kept);
  EXPECT_EQ(buffer.collect(out, 1 << 20), 0u);
}

TEST(LogBuffer, keeps_secrets_to_itself) {
  LogBuffer buffer(10'000, [] {});
  const telemetry::LogField fields[] = {{"db_password", "hunter2"}, {"user", "kim"}};
  buffer.take({telemetry::Level::info, "shop", "connected", fields, {}, __FILE__, __LINE__}, telemetry::Context(), {},
              telemetry::Redaction());
  std::string out;
  EXPECT_EQ(buffer.collect(out, 1 << 20), 1u);
  EXPECT_THAT(out, HasSubstr("[redacted]"));
  EXPECT_THAT(out, HasSubstr("kim"));
  EXPECT_THAT(out, Not(HasSubstr("hunter2")));
}

TEST(Response, is_read_as_the_receiver_meant_it) {
  const PartialSuccess partial = read_partial_success("\x0a\x06\x08\x02\x12\x02no"s);
  EXPECT_EQ(partial.rejected, 2u);
  EXPECT_EQ(partial.message, "no");
  EXPECT_EQ(read_partial_success("").rejected, 0u);
  EXPECT_EQ(read_partial_success("\x0a\x7f\x08\x02"s).rejected, 0u) << "cut";
  EXPECT_EQ(read_status_message("\x08\x03\x12\x03why"s), "why");
  EXPECT_EQ(read_retry_delay("\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01"s), 2500ms);
}

TEST(Response, tells_when_to_come_back_in_seconds_or_by_a_date) {
  const Timestamp now = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 30s;
  EXPECT_EQ(read_retry_after("7", now), 7s);
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 7s);
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s);
  EXPECT_EQ(read_retry_after("99999999999", now), 5min);
  EXPECT_EQ(read_retry_after("soon", now), std::nullopt);
  EXPECT_EQ(read_retry_after("", now), std::nullopt);
}

}  // namespace
}  // namespace marty::otlp::internal
