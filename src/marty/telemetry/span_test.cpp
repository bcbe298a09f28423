#include "marty/telemetry/span.hpp"

#include <gtest/gtest.h>

#include <set>

#include <memory>

#include "marty/base/strings.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry {
namespace {

using internal::collect_all;
using internal::ReadSpan;
using namespace std::chrono_literals;

std::string bytes_of(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}
std::string bytes_of(TraceId id) { return bytes_of(id.high) + bytes_of(id.low); }

// A tracer that records everything, in simulated time.
class Spans : public testing::Test {
 protected:
  void run(const std::function<void()>& body) {
    runtime::SimulatedWorld world;
    world.run([&] {
      tracer.record(true);
      context.begin();
      tracer.start(context);
      const ContextScope scope(context);
      body();
      spans = collect_all(tracer);
    });
  }
  const ReadSpan& named(std::string_view name) {
    for (const ReadSpan& span : spans) {
      if (span.name == name) return span;
    }
    throw std::out_of_range("no span " + std::string(name));
  }

  Tracer tracer{{.slowest_window = 0s}};
  Context context;
  std::vector<ReadSpan> spans;
};

TEST_F(Spans, nest_take_the_contexts_id_and_know_their_time) {
  const auto begun = [&] { return context.begun_span_id; };
  run([&] {
    Span outer("outer");
    runtime::sleep_for(10ms);
    {
      Span inner("inner", {}, SpanKind::client);
      EXPECT_NE(context.span_id, begun());
      runtime::sleep_for(5ms);
    }
    EXPECT_EQ(context.span_id, begun());
    runtime::sleep_for(1ms);
  });
  ASSERT_EQ(spans.size(), 2u);
  const ReadSpan &outer = named("outer"), &inner = named("inner");
  EXPECT_EQ(outer.trace_id, bytes_of(context.trace_id));
  EXPECT_EQ(outer.span_id, bytes_of(begun().value));
  EXPECT_EQ(outer.parent_span_id, "");
  EXPECT_EQ(inner.parent_span_id, outer.span_id);
  EXPECT_EQ(outer.kind, 1u);
  EXPECT_EQ(inner.kind, 3u);
  EXPECT_EQ(outer.end - outer.start, 16'000'000u);
  EXPECT_EQ(inner.start - outer.start, 10'000'000u);
  EXPECT_EQ(inner.end - inner.start, 5'000'000u);
  EXPECT_GT(outer.start, 1'600'000'000'000'000'000u);
  EXPECT_EQ(outer.flags, 0x103u);  // sampled, random, a parent that is known not to be remote
}

TEST_F(Spans, follow_one_another_under_the_same_caller) {
  run([&] {
    context.parent_span_id = SpanId{77};
    Span("first").end();
    Span("second").end();
  });
  EXPECT_EQ(named("first").parent_span_id, bytes_of(77));
  EXPECT_EQ(named("second").parent_span_id, bytes_of(77));
  EXPECT_NE(named("first").span_id, named("second").span_id);
  EXPECT_EQ(named("first").flags & 0x200, 0x200u);  // the parent is remote
}

TEST_F(Spans, carry_attributes_events_and_links) {
  Context other;
  run([&] {
    other.begin();
    Span span("work", {{"text", "gr\xC3\xBC\xC3\x9F"}, {"yes", true}, {"count", 3}, {"ratio", 0.5}});
    span.set("left", -1);
    span.set("bad", "\xFFx");
    runtime::sleep_for(3ms);
    span.event("retried", {{"attempt", 2}});
    span.link(other);
  });
  const ReadSpan& span = named("work");
  EXPECT_EQ(span.attributes.at("text"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(span.attributes.at("yes"), "true");
  EXPECT_EQ(span.attributes.at("count"), "3");
  EXPECT_EQ(span.attributes.at("ratio"), "0.500000");
  EXPECT_EQ(span.attributes.at("left"), "-1");
  EXPECT_EQ(span.attributes.at("bad"), "\xEF\xBF\xBDx");
  ASSERT_EQ(span.events.size(), 1u);
  EXPECT_EQ(span.events[0].name, "retried");
  EXPECT_EQ(span.events[0].time - span.start, 3'000'000u);
  EXPECT_EQ(span.events[0].attributes.at("attempt"), "2");
  ASSERT_EQ(span.links.size(), 1u);
  EXPECT_EQ(span.links[0].first, bytes_of(other.trace_id));
  EXPECT_EQ(span.links[0].second, bytes_of(other.span_id.value));
}

TEST_F(Spans, count_what_finds_no_room_and_cut_what_is_long) {
  run([&] {
    Span span(std::string(300, 'n'));
    span.set("long", std::string(1000, 'v'));
    for (int i = 0; i < 20; ++i) span.set("attribute", std::string(60, 'x'));
    span.event("event", {{"x", std::string(200, 'y')}});
  });
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].name, std::string(120, 'n'));
  EXPECT_EQ(spans[0].attributes.at("long").size(), 240u);
  EXPECT_GT(spans[0].dropped, 18u);
}

TEST_F(Spans, fail_by_errors_and_by_what_leaves_them) {
  run([&] {
    { Span("told").fail(Error(Code::not_found, "no such pet")); }
    try {
      Span span("caught");
      try {
        throw std::runtime_error("boom");
      } catch (...) {
        span.fail(std::current_exception());
        throw;
      }
    } catch (const std::exception&) {
    }
    try {
      Span span("left");
      throw std::runtime_error("boom");
    } catch (const std::exception&) {
      Span well("well");
    }
  });
  EXPECT_EQ(named("told").status, 2u);
  EXPECT_EQ(named("told").status_message, "no such pet");
  EXPECT_EQ(named("told").attributes.at("error.type"), "not_found");
  EXPECT_EQ(named("caught").attributes.at("error.type"), "std::runtime_error");
  EXPECT_EQ(named("caught").status_message, "boom");
  EXPECT_EQ(named("left").status, 2u);
  EXPECT_EQ(named("well").status, 0u);
}

TEST_F(Spans, say_whose_work_it_was) {
  run([&] {
    Span outer("outer");
    const auto correlation = with_correlation({.correlation_id = "order-7", .user_id = "kim", .plugin_id = "billing"});
    Span inner("inner");
  });
  EXPECT_EQ(named("outer").attributes.at("mmf.correlation_id"), std::string(context.correlation_id.view()));
  EXPECT_EQ(named("outer").attributes.at("mmf.request_id"), std::string(context.request_id.view()));
  EXPECT_FALSE(named("outer").attributes.contains("mmf.user_id"));
  EXPECT_EQ(named("inner").attributes.at("mmf.correlation_id"), "order-7");
  EXPECT_EQ(named("inner").attributes.at("mmf.request_id"), std::string(context.request_id.view()));
  EXPECT_EQ(named("inner").attributes.at("mmf.user_id"), "kim");
  EXPECT_EQ(named("inner").attributes.at("mmf.plugin_id"), "billing");
  EXPECT_EQ(named("inner").parent_span_id, named("outer").span_id);
}

void nap(std::string_view name, runtime::Duration duration) {
  Span span(name);
  runtime::sleep_for(duration);
}

TEST_F(Spans, of_child_fibers_belong_to_the_span_they_started_in) {
  run([&] {
    Span outer("outer");
    auto one = runtime::spawn([] { nap("one", 2ms); });
    auto two = runtime::spawn([] { nap("two", 1ms); });
    one.join();
    two.join();
  });
  EXPECT_EQ(named("one").parent_span_id, named("outer").span_id);
  EXPECT_EQ(named("two").parent_span_id, named("outer").span_id);
  EXPECT_NE(named("one").span_id, named("two").span_id);
}

TEST_F(Spans, that_were_left_go_on_beside_others) {
  run([&] {
    Span stream("stream", {}, SpanKind::client);
    stream.leave();
    Span("other").end();
    runtime::sleep_for(5ms);
  });
  EXPECT_EQ(named("other").parent_span_id, "");
  EXPECT_EQ(named("stream").end - named("stream").start, 5'000'000u);
}

TEST_F(Spans, share_their_place) {
  const SpanSite& site = SpanSite::get("GET /pets/{id}", {{"http.route", "/pets/{id}"}});
  EXPECT_EQ(&site, &SpanSite::get("GET /pets/{id}", {{"http.route", "/pets/{id}"}}));
  EXPECT_NE(&site, &SpanSite::get("GET /pets/{id}", {{"http.route", "/pets"}}));
  run([&] {
    runtime::sleep_for(4ms);
    Span span(site, SpanKind::server, runtime::now() - 4ms);
    span.set("http.response.status_code", 200);
  });
  EXPECT_EQ(spans.at(0).name, "GET /pets/{id}");
  EXPECT_EQ(spans.at(0).kind, 2u);
  EXPECT_EQ(spans.at(0).end - spans.at(0).start, 4'000'000u);
  EXPECT_EQ(spans.at(0).attributes.at("http.route"), "/pets/{id}");
  EXPECT_EQ(spans.at(0).attributes.at("http.response.status_code"), "200");
}

TEST_F(Spans, of_copies_of_a_context_have_ids_of_their_own) {
  run([&] {
    auto one = runtime::spawn([] { Span span("one"); });
    auto two = runtime::spawn([] { Span span("two"); });
    one.join();
    two.join();
    {
      const auto correlation = with_correlation({.user_id = "kim"});
      Span span("three");
    }
    Span span("four");
  });
  std::set<std::string> ids;
  for (const ReadSpan& span : spans) ids.insert(span.span_id);
  EXPECT_EQ(ids.size(), 4u);
}

TEST_F(Spans, that_end_out_of_order_leave_the_others_in_place) {
  run([&] {
    Span server("server");
    {
      Span first("first");
      Span second("second");
      first.end();
      Span("third").end();
    }
    Span("fourth").end();
  });
  EXPECT_EQ(named("second").parent_span_id, named("first").span_id);
  EXPECT_EQ(named("third").parent_span_id, named("second").span_id);
  EXPECT_EQ(named("fourth").parent_span_id, named("server").span_id);
}

TEST_F(Spans, are_utf8_whatever_they_are_told) {
  std::string cyrillic;
  for (int i = 0; i < 100; ++i) cyrillic += "\xD0\xB6";
  run([&] {
    Span span("work", {{"n\xFFme", 1}});
    span.event(" " + cyrillic);
  });
  const ReadSpan& span = named("work");
  EXPECT_EQ(span.attributes.size(), 3u);
  EXPECT_TRUE(is_utf8(span.events.at(0).name));
  EXPECT_EQ(span.events.at(0).name.size(), 119u);
  for (const auto& [name, value] : span.attributes) EXPECT_TRUE(is_utf8(name)) << name;
}

TEST(Span, costs_and_changes_nothing_where_nobody_records) {
  Context context;
  context.begin();
  const ContextScope scope(context);
  const SpanId before = context.span_id;
  Span span("work");
  span.set("a", 1);
  span.fail("b");
  EXPECT_FALSE(span.recording());
  EXPECT_EQ(context.span_id, before);
}

TEST_F(Spans, show_no_value_under_a_sensitive_name) {
  run([] {
    Span span("sign in", {{"db.password", "hunter2"}, {"order.id", 7}});
    span.set("api_key", 42);
    span.set("user.name", "kim");
    span.event("asked", {{"token", "abc"}, {"attempt", 2}});
  });
  const ReadSpan& span = named("sign in");
  EXPECT_EQ(span.attributes.at("db.password"), "[redacted]");
  EXPECT_EQ(span.attributes.at("api_key"), "[redacted]");
  EXPECT_EQ(span.attributes.at("order.id"), "7");
  EXPECT_EQ(span.attributes.at("user.name"), "kim");
  EXPECT_EQ(span.events.at(0).attributes, (internal::Attributes{{"token", "[redacted]"}, {"attempt", "2"}}));
}

TEST_F(Spans, redact_what_the_log_redacts) {
  RecordingSink sink;
  Logging logging({.redact = {"iban"}}, sink);
  context.logging = &logging;
  run([] {
    Span span("pay", {{"iban", "DE02"}});
    span.event("paid", {{"user_iban", "DE02"}});
  });
  EXPECT_EQ(named("pay").attributes.at("iban"), "[redacted]");
  EXPECT_EQ(named("pay").events.at(0).attributes.at("user_iban"), "[redacted]");
}

TEST_F(Spans, are_annotated_from_within_where_they_are_the_innermost_of_the_fiber) {
  run([] {
    annotate("nobody", 1);
    Span outer("outer");
    annotate("a", 1);
    {
      const auto correlation = with_correlation({.operation = "o"});
      annotate("b", 2);
      Span inner("inner");
      annotate("c", 3);
      runtime::spawn([] {
        EXPECT_EQ(current_span(), nullptr);
        annotate("d", 4);
        Span child("child");
        annotate("e", 5);
      }).join();
      inner.leave();
      EXPECT_EQ(current_span(), &outer);
    }
    outer.end();
    EXPECT_EQ(current_span(), nullptr);
  });
  const auto own = [&](std::string_view name) {
    std::string names;
    for (const auto& [attribute, value] : named(name).attributes) {
      if (attribute.size() == 1 || attribute == "nobody") names += attribute;
    }
    return names;
  };
  EXPECT_EQ(own("outer"), "ab");
  EXPECT_EQ(own("inner"), "c");
  EXPECT_EQ(own("child"), "e");
}

TEST_F(Spans, that_end_before_those_within_are_annotated_no_more) {
  run([] {
    auto first = std::make_unique<Span>("first");
    Span second("second");
    first.reset();
    EXPECT_EQ(current_span(), &second);
    second.end();
    EXPECT_EQ(current_span(), nullptr);
    annotate("late", 1);
  });
  EXPECT_FALSE(named("first").attributes.contains("late"));
}

TEST(SpanRecords, carry_the_tracestate_of_the_caller_in_whole_members_as_far_as_there_is_room) {
  for (const bool is_long : {false, true}) {
    Tracer tracer;
    tracer.record(true);
    Context context;
    context.begin();
    context.tracestate = "a=1,b=2";
    if (is_long) context.tracestate += ",c=" + std::string(500, 'x');
    tracer.start(context);
    {
      const ContextScope scope(context);
      Span span("work");
    }
    const std::vector<ReadSpan> spans = internal::collect_all(tracer);
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_EQ(spans[0].trace_state, "a=1,b=2");
    EXPECT_EQ(spans[0].dropped, is_long ? 1u : 0u);
  }
}

}  // namespace
}  // namespace marty::telemetry
