#include "marty/admin/traces.hpp"

#include <gtest/gtest.h>

#include "marty/admin/internal/span_reader.hpp"
#include "marty/admin/log_lines.hpp"

namespace marty::admin {
namespace {

constexpr std::uint64_t kRoot = 1;

telemetry::SpanRecord record_of(std::uint64_t trace, std::uint64_t span, std::string_view name) {
  telemetry::SpanRecord record{};
  record.trace_id = {.high = 7, .low = trace};
  record.span_id = {span};
  record.local_root = {kRoot};
  if (span != kRoot) record.parent_span_id = {kRoot};
  record.kind = telemetry::SpanKind::internal;
  record.start = static_cast<std::int64_t>(span) * 1'000'000;
  record.end = record.start + 500'000;
  record.set_name(name);
  return record;
}

void add(Traces& traces, std::uint64_t trace, std::uint64_t spans, std::string_view reason,
         std::string_view text = "x") {
  for (std::uint64_t span = kRoot + 1; span < kRoot + spans; ++span) {
    telemetry::SpanRecord record = record_of(trace, span, "step");
    record.set("text", text);
    traces.observe(record, {}, 1'000'000'000);
  }
  traces.observe(record_of(trace, kRoot, "GET /pets"), reason, 1'000'000'000);
}

TEST(Traces, are_there_once_their_root_is_the_latest_first) {
  Traces traces;
  traces.observe(record_of(1, 2, "step"), {}, 0);
  EXPECT_TRUE(traces.all().empty());
  add(traces, 1, 1, "slow");
  add(traces, 2, 3, "error");
  ASSERT_EQ(traces.all().size(), 2);
  EXPECT_EQ(traces.all()[0].id.low, 2);
  EXPECT_EQ(traces.all()[0].span_count, 3);
  EXPECT_EQ(traces.all()[1].reason, "slow");
  EXPECT_EQ(traces.find({.high = 7, .low = 1})->span_count, 2);
  EXPECT_FALSE(traces.find({.high = 7, .low = 3}).has_value());
}

TEST(Traces, those_of_one_reason_do_not_push_out_others) {
  Traces traces;
  add(traces, 1, 1, "slow");
  for (std::uint64_t i = 2; i < 1000; ++i) add(traces, i, 2, "error");
  EXPECT_EQ(traces.all().size(), Traces::kMaxOfReason + 1);
  EXPECT_EQ(traces.all().front().id.low, 999);
  EXPECT_EQ(traces.all().back().reason, "slow");
}

TEST(Traces, spans_beyond_the_limit_are_counted_and_the_root_is_kept) {
  Traces traces;
  add(traces, 1, 1000, "error");
  const Trace trace = traces.all().at(0);
  EXPECT_EQ(trace.span_count, Traces::kMaxSpans + 1);
  EXPECT_EQ(trace.spans_left_out, 1000 - Traces::kMaxSpans - 1);
  EXPECT_EQ(internal::read_spans(trace.spans, trace.start).front().name, "GET /pets");
}

TEST(Traces, of_a_trace_that_is_repeated_only_so_many_roots_are_kept) {
  Traces traces;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    telemetry::SpanRecord root = record_of(1, kRoot + i, "GET /pets");
    root.local_root = root.span_id;
    root.end = root.start + static_cast<std::int64_t>(i);  // each is the longest so far
    root.fail("sold out");
    traces.observe(root, "error", 0);
  }
  const Trace trace = traces.all().at(0);
  EXPECT_EQ(trace.span_count, Traces::kMaxSpans);
  EXPECT_EQ(trace.spans_left_out, 20'000 - Traces::kMaxSpans);
  EXPECT_LE(traces.bytes(), Traces::kMaxSpans * telemetry::SpanRecord::kBytes);
}

TEST(Traces, all_together_keep_to_their_bytes) {
  Traces traces;
  const std::string text(telemetry::SpanRecord::kMaxValueBytes, 'x');
  for (const std::string_view reason : {"error", "slow", "slowest"}) {
    for (std::uint64_t i = 0; i < 60; ++i) add(traces, i + 1000 * reason.size() + reason[0], 200, reason, text);
  }
  EXPECT_LE(traces.bytes(), Traces::kMaxBytes);
  EXPECT_GT(traces.bytes(), Traces::kMaxBytes / 2);
  EXPECT_LT(traces.all().size(), 3 * Traces::kMaxOfReason);
}

TEST(Traces, spans_are_read_in_the_order_of_the_tree_with_all_they_tell) {
  Traces traces;
  telemetry::SpanRecord child = record_of(1, 2, "call");
  child.kind = telemetry::SpanKind::client;
  child.set("server.address", "shop");
  child.set("server.port", std::int64_t{8080});
  child.set(telemetry::LogField("ratio", 0.5));
  child.set(telemetry::LogField("cached", true));
  child.event("retried", {{"attempt", 2}}, 1'003'000'000);
  child.fail("sold out");
  traces.observe(child, {}, 1'000'000'000);
  telemetry::SpanRecord grandchild = record_of(1, 3, "within");
  grandchild.parent_span_id = {2};
  traces.observe(grandchild, {}, 1'000'000'000);
  add(traces, 1, 1, "error");
  const Trace trace = traces.all().at(0);
  const std::vector<internal::SpanDetails> spans = internal::read_spans(trace.spans, trace.start);
  ASSERT_EQ(spans.size(), 3);
  EXPECT_EQ(spans[1].name, "call");
  EXPECT_EQ(spans[1].depth, 1);
  EXPECT_EQ(spans[1].kind, "client");
  EXPECT_DOUBLE_EQ(spans[1].start_ms, 1);
  EXPECT_DOUBLE_EQ(spans[1].duration_ms, 0.5);
  EXPECT_EQ(spans[1].attribute("server.address"), "shop");
  EXPECT_EQ(spans[1].attribute("server.port"), "8080");
  EXPECT_EQ(spans[1].attribute("ratio"), "0.5");
  EXPECT_EQ(spans[1].attribute("cached"), "true");
  EXPECT_EQ(spans[1].status_message, "sold out");
  ASSERT_EQ(spans[1].events.size(), 1);
  EXPECT_EQ(spans[1].events[0].name, "retried");
  EXPECT_DOUBLE_EQ(spans[1].events[0].at_ms, 2);
  EXPECT_EQ(spans[2].depth, 2);
}

TEST(LogLines, keep_to_their_bytes_and_find_those_of_a_trace) {
  telemetry::RecordingSink sink;
  LogLines lines(sink);
  const telemetry::TraceId id{.high = 1, .low = 2};
  const std::string own = R"({"message":"mine","trace_id":")" + telemetry::to_string(id) + "\"}\n";
  const std::string forged = R"({"message":"\"trace_id\":\")" + telemetry::to_string(id) + "\\\"\"}\n";
  lines.write(own);
  lines.write(forged);
  EXPECT_EQ(lines.of_trace(id), std::vector{own});
  const std::string other(16'000, 'x');
  for (int i = 0; i < 1000; ++i) lines.write(other);
  EXPECT_LE(lines.bytes(), LogLines::kMaxBytes);
  EXPECT_TRUE(lines.of_trace(id).empty());
  EXPECT_EQ(sink.lines().size(), 1002);
}

}  // namespace
}  // namespace marty::admin
