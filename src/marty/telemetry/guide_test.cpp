// The code of docs/guide/telemetry.md.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "marty/json/value.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/telemetry/tracer.hpp"

namespace {

namespace log = marty::log;
namespace telemetry = marty::telemetry;

// [logger]
constexpr marty::Logger logger("petstore.orders");
// [/logger]

void charge() { throw std::runtime_error("card declined"); }

TEST(Guide, logs_with_the_correlation_of_the_scope) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({.service = "petstore"}, sink);
  telemetry::Context context;
  context.begin();
  context.logging = &logging;
  const telemetry::ContextScope scope(context);
  const int order_id = 17;
  // [log]
  log::info("order accepted", {{"order_id", order_id}, {"express", true}});
  logger.warning("stock is low", {{"left", 3}});
  try {
    charge();
  } catch (...) {
    logger.error("cannot charge", std::current_exception(), {{"order_id", order_id}});
  }
  // [/log]
  {
    // [correlation]
    const auto correlation = telemetry::with_correlation({.user_id = "kim", .operation = "checkout"});
    log::info("paid");  // carries user_id and operation; so do outgoing calls and child fibers
    // [/correlation]
  }
  const std::vector<std::string> lines = sink.lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(marty::json::Value::parse(lines[2])["exception"]["message"].as_string(), "card declined");
  EXPECT_EQ(marty::json::Value::parse(lines[3])["operation"].as_string(), "checkout");
}

// [metrics]
struct MailMetrics {
  explicit MailMetrics(telemetry::Metrics& metrics)
      : sent(metrics.counter("mail_sent_total", "Mails handed to the relay.", {{"kind", "receipt"}})),
        duration(metrics.histogram("mail_duration_seconds", "Time to hand a mail over.")) {}

  telemetry::Counter sent;
  telemetry::Histogram duration;
};
// [/metrics]

TEST(Guide, counts) {
  telemetry::Metrics metrics;
  MailMetrics mail(metrics);
  // [record]
  mail.sent.add();
  mail.duration.record(std::chrono::milliseconds(12));
  // [/record]
  // [test]
  EXPECT_EQ(metrics.value("mail_sent_total", {{"kind", "receipt"}}), 1);
  // [/test]
  EXPECT_EQ(metrics.value("mail_duration_seconds"), 1);
}

// [business]
void take_order(const std::string& kind, telemetry::Metrics& metrics) {
  metrics.counter("orders_total", "Orders taken.", {{"kind", kind}}).add();
}
// [/business]

TEST(Guide, counts_in_one_line) {
  telemetry::Metrics metrics;
  take_order("express", metrics);
  take_order("express", metrics);
  EXPECT_EQ(metrics.value("orders_total", {{"kind", "express"}}), 2);
}

bool has_stock(int order_id) { return order_id % 2 == 0; }

void reserve_stock(int order_id) {
  // [span]
  telemetry::Span span("reserve stock", {{"order.id", order_id}});
  span.event("asked the warehouse", {{"attempt", 1}});
  if (!has_stock(order_id)) span.fail("sold out", "sold_out");
  // [/span]
}

void take_express(int order_id) {
  // [annotate]
  telemetry::annotate("order.id", order_id);  // of the innermost span of this fiber
  // [/annotate]
}

TEST(Guide, makes_spans) {
  marty::runtime::SimulatedWorld().run([] {
    telemetry::Tracer tracer;
    tracer.record(true);
    telemetry::Context context;
    context.begin();
    tracer.start(context);
    const telemetry::ContextScope scope(context);
    {
      telemetry::Span request("POST /orders");
      take_express(17);
      reserve_stock(17);
    }
    const auto spans = telemetry::internal::collect_all(tracer);
    ASSERT_EQ(spans.size(), 2u);
    EXPECT_EQ(spans[0].attributes.at("error.type"), "sold_out");
    EXPECT_EQ(spans[0].parent_span_id, spans[1].span_id);
    EXPECT_EQ(spans[1].attributes.at("order.id"), "17");
  });
}

}  // namespace
