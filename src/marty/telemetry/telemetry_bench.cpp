// What telemetry costs a request: `request_telemetry` is the whole of it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "marty/telemetry/async_sink.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/redaction.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/telemetry/standard.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry {
namespace {

struct Header {
  std::string_view name;
  std::string_view value;
};

// As a browser or a service behind a proxy sends them.
constexpr std::array<Header, 8> kHeaders = {
    {{"Host", "localhost:8080"},
     {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"},
     {"Accept", "text/html,application/xhtml+xml"},
     {"Accept-Encoding", "gzip, deflate, br"},
     {"Connection", "keep-alive"},
     {"Content-Type", "application/json"},
     {"X-Forwarded-For", "10.0.0.1"},
     {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}};

constexpr std::array<Header, 3> kFewHeaders = {kHeaders[0], kHeaders[1], kHeaders[2]};

struct Service {
  Metrics metrics;
  HttpMetrics http{metrics, "bench"};
  HttpMetrics::Route& route = http.route("GET", "/pets/{id}");
};

template <class Headers>
void serve(Service& service, Context& context, const Headers& headers) {
  UpDownCounter in_flight = service.http.in_flight(0, "GET", false);
  in_flight.add();
  context.begin(headers, Peer::untrusted);
  const ContextScope scope(context);
  context.echo([](std::string_view name, std::string_view value) {
    benchmark::DoNotOptimize(name);
    benchmark::DoNotOptimize(value);
  });
  service.route.record({.status = 200}, std::chrono::microseconds(300));
  in_flight.subtract();
}

void request_telemetry(benchmark::State& state) {
  Service service;
  Context context;
  for (auto _ : state) serve(service, context, kHeaders);
}
BENCHMARK(request_telemetry);

void request_telemetry_new_trace(benchmark::State& state) {
  Service service;
  Context context;
  for (auto _ : state) serve(service, context, kFewHeaders);
}
BENCHMARK(request_telemetry_new_trace);

void context_begin(benchmark::State& state) {
  Context context;
  for (auto _ : state) {
    context.begin(kHeaders, Peer::untrusted);
    benchmark::DoNotOptimize(context);
  }
}
BENCHMARK(context_begin);

void counter_add(benchmark::State& state) {
  Metrics metrics;
  Counter counter = metrics.counter("a_total", "A.");
  for (auto _ : state) counter.add();
}
BENCHMARK(counter_add);

void histogram_record(benchmark::State& state) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.");
  for (auto _ : state) histogram.record(std::chrono::microseconds(300));
}
BENCHMARK(histogram_record);

// Within a request, so that exemplars are taken.
void histogram_record_in_a_trace(benchmark::State& state) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.");
  Context context;
  context.begin();
  const ContextScope scope(context);
  for (auto _ : state) histogram.record(std::chrono::microseconds(300));
}
BENCHMARK(histogram_record_in_a_trace);

// The handle is not kept.
void counter_looked_up(benchmark::State& state) {
  Metrics metrics;
  const std::string kind = "express";
  for (auto _ : state) metrics.counter("orders_total", "Orders taken.", {{"kind", kind}}).add();
}
BENCHMARK(counter_looked_up);

void correlation_scope(benchmark::State& state) {
  Context context;
  context.begin();
  const ContextScope scope(context);
  for (auto _ : state) {
    const auto correlation = with_correlation({.user_id = "kim", .operation = "checkout"});
    benchmark::DoNotOptimize(&current());
  }
}
BENCHMARK(correlation_scope);

// Formatting only: the line goes nowhere.
class NullSink final : public LogSink {
 public:
  void write(std::string_view line) noexcept override { benchmark::DoNotOptimize(line); }
};

// A service's Logging as the current one.
class Logs {
 public:
  Logs(LogSink& sink, const LogLevels& levels)
      : logging_({.service = "bench", .version = "1.0.0", .environment = "testing", .metrics = &metrics_}, sink) {
    logging_.set_levels(levels);
    context_.begin();
    context_.logging = &logging_;
  }

 private:
  Metrics metrics_;
  Logging logging_;
  Context context_;
  ContextScope scope_{context_};
};

// Levels as a service has them while somebody looks for a fault.
LogLevels some_levels(Level level) {
  return {.level = level,
          .loggers = {{"marty.web", Level::warning},
                      {"marty.http", Level::warning},
                      {"petstore.pets", Level::info},
                      {"petstore.orders", level}}};
}

constexpr Logger kRefunds("petstore.orders.refunds");

void log_line(benchmark::State& state) {
  NullSink sink;
  const Logs logs(sink, {});
  for (auto _ : state) log::info("pet added", {{"pet_id", 42}, {"species", "dog"}});
}
BENCHMARK(log_line);

void log_warning(benchmark::State& state) {  // counted by its place
  NullSink sink;
  Context context;
  Logging logging({.max_repeats = 1'000'000'000}, sink);
  context.logging = &logging;
  const ContextScope scope(context);
  for (auto _ : state) log::warning("pet added", {{"pet_id", 42}, {"species", "dog"}});
}
BENCHMARK(log_warning);

// With the way out: a disk that takes everything.
void log_line_async(benchmark::State& state) {
  const int null = ::open("/dev/null", O_WRONLY);
  {
    AsyncSink sink(std::make_unique<DescriptorOutput>(null), OnFull::wait);
    const Logs logs(sink, {});
    for (auto _ : state) log::info("pet added", {{"pet_id", 42}, {"species", "dog"}});
    if (sink.dropped() != 0) state.SkipWithError("lines were dropped");
  }
  ::close(null);
}
BENCHMARK(log_line_async);

// What a producer pays for handing a line over.
void async_sink_write(benchmark::State& state) {
  const int null = ::open("/dev/null", O_WRONLY);
  {
    AsyncSink sink(std::make_unique<DescriptorOutput>(null));
    const std::string line = std::string(299, 'x') + "\n";
    for (auto _ : state) sink.write(line);
  }
  ::close(null);
}
BENCHMARK(async_sink_write);

void log_off(benchmark::State& state) {
  NullSink sink;
  const Logs logs(sink, {.level = Level::warning});
  for (auto _ : state) log::info("pet added", {{"pet_id", 42}, {"species", "dog"}});
}
BENCHMARK(log_off);

void log_off_below_all_levels(benchmark::State& state) {
  NullSink sink;
  const Logs logs(sink, some_levels(Level::info));
  for (auto _ : state) kRefunds.debug("pet added", {{"pet_id", 42}, {"species", "dog"}});
}
BENCHMARK(log_off_below_all_levels);

void log_off_by_a_loggers_level(benchmark::State& state) {
  NullSink sink;
  const Logs logs(sink, some_levels(Level::warning));
  for (auto _ : state) kRefunds.info("pet added", {{"pet_id", 42}, {"species", "dog"}});
}
BENCHMARK(log_off_by_a_loggers_level);

void sensitive_name(benchmark::State& state, std::string_view name) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(name);
    benchmark::DoNotOptimize(is_sensitive(name));
  }
}
BENCHMARK_CAPTURE(sensitive_name, short_one, "order_id");
BENCHMARK_CAPTURE(sensitive_name, long_one, "http.request.header.content_type");

void scrape(benchmark::State& state) {
  Service service;
  for (auto _ : state) benchmark::DoNotOptimize(service.metrics.prometheus());
}
BENCHMARK(scrape);

// A request's context within a tracer that records, and the spans collected before the ring is full.
class Traced {
 public:
  Traced() : scope_(context_) {
    tracer_.record(true);
    context_.begin();
    tracer_.start(context_);
  }
  Context& context() { return context_; }
  void collect_now_and_then(benchmark::State& state) {
    if (++spans_ % 2048 != 0) return;
    state.PauseTiming();
    tracer_.collect(batch_, std::size_t{1} << 30);
    batch_.clear();
    state.ResumeTiming();
  }

 private:
  Tracer tracer_;
  Context context_;
  ContextScope scope_;
  std::string batch_;
  std::size_t spans_ = 0;
};

void span(benchmark::State& state) {
  Traced traced;
  for (auto _ : state) {
    { Span span("reserve stock"); }
    traced.collect_now_and_then(state);
  }
}
BENCHMARK(span);

void span_with_attributes(benchmark::State& state) {
  Traced traced;
  for (auto _ : state) {
    {
      Span span("reserve stock", {{"order.id", 4711}, {"warehouse", "hamburg"}});
      span.set("stock.left", 3);
    }
    traced.collect_now_and_then(state);
  }
}
BENCHMARK(span_with_attributes);

void span_nobody_records(benchmark::State& state) {
  Context context;
  context.begin();
  const ContextScope scope(context);
  for (auto _ : state) Span span("reserve stock");
}
BENCHMARK(span_nobody_records);

void collect(benchmark::State& state) {
  Tracer tracer;
  tracer.record(true);
  Context context;
  context.begin();
  tracer.start(context);
  const ContextScope scope(context);
  std::string batch;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 2048; ++i) Span span("reserve stock", {{"order.id", 4711}, {"warehouse", "hamburg"}});
    batch.clear();
    state.ResumeTiming();
    tracer.collect(batch, std::size_t{1} << 30);
  }
  state.SetItemsProcessed(state.iterations() * 2048);
  state.counters["bytes"] = static_cast<double>(batch.size()) / 2048;
}
BENCHMARK(collect);
void scrape_openmetrics(benchmark::State& state) {
  Service service;
  for (auto _ : state) benchmark::DoNotOptimize(service.metrics.openmetrics());
}
BENCHMARK(scrape_openmetrics);

}  // namespace
}  // namespace marty::telemetry
