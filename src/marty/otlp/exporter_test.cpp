#include "marty/otlp/exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/compress/compress.hpp"
#include "marty/otlp/internal/envelope.hpp"
#include "marty/otlp/internal/test_support.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::otlp {
namespace {

using http::internal::error_of;
using http::internal::run_in;
using http::internal::WorldKind;
using internal::count_lines;
using internal::FakeSpans;
using internal::items_of;
using internal::Receiver;
using internal::status;
using testing::HasSubstr;
using namespace std::chrono_literals;

void wait(runtime::Duration time) { runtime::sleep_for(time); }  // tidy:allow(sleep): virtual

// An exporter of spans with all that it needs.
struct ExportedSpans {
  explicit ExportedSpans(std::string endpoint, ExporterOptions options = {}) {
    options.endpoint = std::move(endpoint);
    exporter.emplace(std::move(options), metrics, logging);
    exporter->export_traces(spans);
  }
  ~ExportedSpans() { exporter->stop(); }

  double exported() const { return *metrics.value("mmf_telemetry_exported_total", {{"signal", "traces"}}); }
  double dropped(std::string reason) const {
    return *metrics.value("mmf_telemetry_dropped_total", {{"signal", "traces"}, {"reason", std::move(reason)}});
  }
  double failures() const { return *metrics.value("mmf_telemetry_export_failures_total", {{"signal", "traces"}}); }
  double queued() const { return *metrics.value("mmf_telemetry_queue_bytes", {{"signal", "traces"}}); }

  FakeSpans spans;
  telemetry::Metrics metrics;
  telemetry::RecordingSink sink;
  telemetry::Logging logging{{}, sink};
  std::optional<Exporter> exporter;
};

void simulate(const std::function<void()>& test) { run_in(WorldKind::simulated, test); }

// Where nobody listens.
std::string dead_endpoint() { return Receiver().endpoint(); }

TEST(Exporter, sends_what_has_gathered_once_a_second) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint(),
                        {.headers = {{"x-token", Secret("t0")}}, .resource = {{"service.name", "shop"}}});
    setup.exporter->start();
    setup.spans.add(3);
    wait(900ms);
    EXPECT_TRUE(receiver.requests.empty());
    wait(200ms);
    ASSERT_EQ(receiver.requests.size(), 1u);
    EXPECT_EQ(receiver.requests[0].path, "/v1/traces");
    EXPECT_EQ(receiver.requests[0].content_type, "application/x-protobuf");
    EXPECT_EQ(receiver.requests[0].token, "t0");
    EXPECT_EQ(items_of(receiver.requests[0].body).size(), 3u);
    EXPECT_THAT(receiver.requests[0].body, HasSubstr("service.name"));
    wait(5s);
    EXPECT_EQ(receiver.requests.size(), 1u) << "nothing more was finished";
    EXPECT_EQ(setup.exported(), 3);
  });
}

TEST(Exporter, sends_at_once_under_pressure_in_bounded_requests) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(10'000);
    setup.spans.press();
    setup.spans.press();
    wait(100ms);
    std::size_t spans = 0;
    for (const Receiver::Request& request : receiver.requests) {
      EXPECT_LE(request.body.size(), (512u << 10) + 400);
      spans += items_of(request.body).size();
    }
    EXPECT_EQ(spans, 10'000u);
    EXPECT_EQ(receiver.requests.size(), 6u);
    EXPECT_EQ(setup.exported(), 10'000);
  });
}

TEST(Exporter, takes_from_the_source_what_the_receiver_keeps_up_with) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint(), {.queue_bytes = 1 << 20});
    setup.exporter->start();
    setup.spans.add(50'000);
    setup.spans.press();
    wait(5s);
    EXPECT_EQ(setup.exported(), 50'000) << "15 MB, through a queue of 1 MiB";
    setup.spans.add(50'000);
    setup.exporter->stop();
    EXPECT_EQ(setup.exported(), 100'000);
  });
}

TEST(Exporter, compresses_where_it_is_told_to) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint(), {.compression = Compression::gzip});
    setup.exporter->start();
    setup.spans.add(100);
    wait(2s);
    ASSERT_EQ(receiver.requests.size(), 1u);
    EXPECT_EQ(receiver.requests[0].encoding, "gzip");
    EXPECT_EQ(items_of(compress::gunzip(receiver.requests[0].body, 1 << 20)).size(), 100u);
  });
}

TEST(Exporter, tries_a_batch_again_as_it_was_told_and_sends_it_unchanged) {
  simulate([] {
    Receiver receiver({status(503), status(429, "7"), status(504)});
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(2);
    wait(30s);
    const auto& requests = receiver.requests;
    ASSERT_EQ(requests.size(), 4u);
    EXPECT_GE(requests[1].at - requests[0].at, 250ms);
    EXPECT_GE(requests[2].at - requests[1].at, 7s);
    EXPECT_GE(requests[3].at - requests[2].at, 1s) << "the third wait is longer than the first";
    for (const Receiver::Request& request : requests) EXPECT_EQ(request.body, requests[0].body);
    EXPECT_EQ(setup.exported(), 2);
    EXPECT_EQ(setup.failures(), 3);
    EXPECT_EQ(count_lines(setup.sink, "telemetry cannot be exported"), 1u);
    EXPECT_EQ(count_lines(setup.sink, "telemetry is exported again"), 1u);
  });
}

TEST(Exporter, gives_up_what_is_refused) {
  simulate([] {
    Receiver receiver({status(400), status(400)});
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(2);
    wait(1500ms);
    setup.spans.add(1);
    wait(1s);
    EXPECT_EQ(receiver.requests.size(), 2u);
    EXPECT_EQ(setup.dropped("refused"), 3);
    EXPECT_EQ(count_lines(setup.sink, "telemetry cannot be exported"), 1u)
        << "a line for the trouble, not for each batch";
    EXPECT_EQ(count_lines(setup.sink, "HTTP status 400"), 1u);
  });
}

TEST(Exporter, counts_what_a_receiver_rejects_of_a_request) {
  simulate([] {
    const auto partial = [](http::Response& response) {
      std::string body;
      telemetry::internal::append_message_field(body, 1, [&] {
        telemetry::internal::append_varint_field(body, 1, 2);
        telemetry::internal::append_string_field(body, 2, "too old");
      });
      response.set_body(body, "application/x-protobuf");
    };
    Receiver receiver({partial, partial});
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(5);
    wait(1500ms);
    setup.spans.add(5);
    wait(1s);
    EXPECT_EQ(setup.exported(), 6);
    EXPECT_EQ(setup.dropped("rejected"), 4);
    EXPECT_EQ(count_lines(setup.sink, "too old"), 1u);
  });
}

TEST(Exporter, drops_the_oldest_where_the_receiver_is_gone) {
  simulate([] {
    ExportedSpans setup(dead_endpoint(), {.queue_bytes = 1 << 20});
    setup.exporter->start();
    for (int second = 0; second < 60; ++second) {
      setup.spans.add(1'000);
      wait(1s);
      EXPECT_LE(setup.queued(), 1 << 20);
    }
    EXPECT_EQ(setup.spans.waiting(), 0u) << "it goes on collecting";
    EXPECT_GT(setup.dropped("queue_full"), 50'000);
    EXPECT_EQ(setup.exported(), 0);
    EXPECT_EQ(count_lines(setup.sink, "telemetry cannot be exported"), 1u);
    const Error error = error_of([&] { setup.exporter->check(); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("traces for 5"));
    EXPECT_THAT(error.message(), HasSubstr("lost so far"));

    const runtime::TimePoint before = runtime::now();
    setup.exporter->stop();
    EXPECT_LT(runtime::now() - before, 1s) << "a stop does not wait for a receiver that was gone before";
    const double lost = setup.dropped("queue_full") + setup.dropped("shutdown");
    EXPECT_EQ(lost, 60'000) << "every span is counted";
  });
}

TEST(Exporter, is_well_again_when_the_receiver_is_back) {
  simulate([] {
    Receiver receiver({status(503)});
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.exporter->check();
    setup.spans.add(1);
    wait(1200ms);
    EXPECT_THROW(setup.exporter->check(), Error);
    wait(5s);
    setup.exporter->check();
  });
}

TEST(Exporter, sends_what_is_left_at_the_end) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(5'000);
    setup.spans.lose(3);
    setup.exporter->stop();
    EXPECT_EQ(setup.exported(), 5'000);
    EXPECT_EQ(setup.dropped("buffer_full"), 3) << "what found no place before it was collected";
    EXPECT_EQ(setup.queued(), 0);
  });
}

TEST(Exporter, sends_what_a_source_gives_up_only_at_the_end) {
  simulate([] {
    Receiver receiver;
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink);
    telemetry::Metrics metrics;
    FakeSpans spans;
    Exporter exporter({.endpoint = receiver.endpoint()}, metrics, logging);
    exporter.export_traces(spans);
    spans.add_at_the_end(5'000);
    exporter.start();
    wait(10s);
    EXPECT_TRUE(receiver.requests.empty());
    exporter.stop();
    ASSERT_EQ(receiver.requests.size(), 3u) << "1.5 MB, in batches like all others";
    EXPECT_EQ(metrics.value("mmf_telemetry_exported_total", {{"signal", "traces"}}), 5'000);
  });
}

TEST(Exporter, tries_again_at_the_end_but_not_longer_than_it_may) {
  simulate([] {
    Receiver receiver({status(503), status(503)});
    ExportedSpans setup(receiver.endpoint());
    setup.exporter->start();
    setup.spans.add(5);
    setup.exporter->stop();
    EXPECT_EQ(setup.dropped("shutdown"), 5) << "it failed twice";
  });
  simulate([] {
    Receiver receiver(std::vector<Receiver::Answer>(100, [](http::Response&) { wait(1h); }));
    ExportedSpans setup(receiver.endpoint(), {.timeout = 1h, .queue_bytes = 1 << 20});
    setup.exporter->start();
    setup.spans.add(30'000);
    const runtime::TimePoint before = runtime::now();
    setup.exporter->stop();
    EXPECT_EQ(runtime::now() - before, 5s);
    EXPECT_EQ(setup.dropped("shutdown"), 30'000) << "what was not even collected included";
    EXPECT_EQ(count_lines(setup.sink, "telemetry could not be exported before the end"), 1u);
  });
}

TEST(Exporter, a_batch_that_nobody_takes_for_minutes_is_given_up) {
  simulate([] {
    ExportedSpans setup(dead_endpoint());
    setup.exporter->start();
    setup.spans.add(5);
    wait(6min);
    EXPECT_EQ(setup.dropped("expired"), 5);
  });
}

TEST(Exporter, starts_again_after_a_stop) {
  simulate([] {
    Receiver receiver;
    ExportedSpans setup(receiver.endpoint());
    for (int i = 1; i <= 2; ++i) {
      setup.exporter->start();
      setup.spans.add(1);
      setup.exporter->stop();
      EXPECT_EQ(setup.exported(), i);
    }
  });
}

TEST(Exporter, reads_the_metrics_at_their_interval_and_at_the_end) {
  simulate([] {
    Receiver receiver;
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink);
    telemetry::Metrics metrics;
    metrics.counter("pets_total", "Pets.").add(7);
    Exporter exporter({.endpoint = receiver.endpoint()}, metrics, logging);
    exporter.export_metrics();
    exporter.start();
    wait(31s);
    EXPECT_EQ(receiver.requests.size(), 2u);
    exporter.stop();
    ASSERT_EQ(receiver.requests.size(), 3u);
    EXPECT_EQ(receiver.requests[2].path, "/v1/metrics");
    EXPECT_THAT(receiver.requests[2].body, HasSubstr("pets_total"));
  });
}

TEST(Exporter, exports_lines_but_not_its_own) {
  simulate([] {
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink), own_lines({}, sink);
    telemetry::Metrics metrics;
    Receiver receiver({status(503)});
    Exporter exporter({.endpoint = receiver.endpoint()}, metrics, own_lines);
    logging.set_exporter(&exporter.export_logs());
    telemetry::Context context;
    context.logging = &logging;
    const telemetry::ContextScope scope(context);
    exporter.start();
    log::info("pet added", {{"price", 7}});
    wait(60s);
    logging.set_exporter(nullptr);
    exporter.stop();
    ASSERT_EQ(receiver.requests.size(), 2u) << "the failure made a line, which made no further request";
    EXPECT_EQ(receiver.requests[1].path, "/v1/logs");
    EXPECT_EQ(items_of(receiver.requests[1].body).size(), 1u);
    EXPECT_EQ(count_lines(sink, "telemetry cannot be exported"), 1u);
  });
}

TEST(Exporter, says_what_is_wrong_with_an_endpoint) {
  simulate([] {
    for (const Protocol protocol : {Protocol::http, Protocol::grpc}) {
      ExportedSpans setup("collector:4317", {.protocol = protocol});
      const Error error = error_of([&] { setup.exporter->start(); });
      EXPECT_EQ(error.code(), Code::invalid_argument);
      EXPECT_THAT(error.message(), HasSubstr("does not begin with http://"));
    }
    ExportedSpans setup("http://collector:4318/?key=hunter2");
    EXPECT_THAT(error_of([&] { setup.exporter->start(); }).message(), HasSubstr("no query"));
  });
}

}  // namespace
}  // namespace marty::otlp
