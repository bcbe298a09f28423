// What export costs: of a span, from where it waits to the socket's buffer; of a line; of a reading of the metrics.
#include <benchmark/benchmark.h>

#include "marty/compress/compress.hpp"
#include "marty/otlp/internal/envelope.hpp"
#include "marty/otlp/internal/log_buffer.hpp"
#include "marty/otlp/internal/metrics_encoder.hpp"
#include "marty/otlp/internal/test_support.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::otlp::internal {
namespace {

// Collected, wrapped, sent over HTTP to a receiver that reads nothing of it, both on one loop.
void export_spans(benchmark::State& state, Compression compression) {
  http::internal::run_in(http::internal::WorldKind::real, [&] {
    http::internal::TestServer receiver([](http::Request& request, http::Response&) { request.body(); });
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink);
    telemetry::Metrics metrics;
    FakeSpans spans;
    Exporter exporter({.endpoint = "http://" + receiver.server.address().to_string(), .compression = compression},
                      metrics, logging);
    exporter.export_traces(spans);
    const std::uint64_t count = 100'000;
    for ([[maybe_unused]] auto unused : state) {
      exporter.start();
      spans.add(count);
      exporter.stop();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
    if (metrics.value("mmf_telemetry_exported_total", {{"signal", "traces"}}) != count * state.iterations())
      state.SkipWithError("not all arrived");
  });
}
BENCHMARK_CAPTURE(export_spans, plain, Compression::none)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(export_spans, gzip, Compression::gzip)->Unit(benchmark::kMillisecond);

void log_record(benchmark::State& state) {
  LogBuffer buffer(1 << 20, [] {});
  telemetry::Context context;
  context.begin();
  std::string out;
  const telemetry::LogField fields[] = {{"pet_id", "0190a3f2-5a5a-7c1d-8e2f-0123456789ab"}, {"price", 7}};
  for ([[maybe_unused]] auto unused : state) {
    buffer.take({telemetry::Level::info, "petstore", "pet added", fields, {}, std::source_location::current()}, context,
                Timestamp());
    if (buffer.dropped() != 0 || out.size() > 1 << 20) state.SkipWithError("full");
    buffer.collect(out, 1 << 20);
    out.clear();
  }
}
BENCHMARK(log_record);

void read_metrics(benchmark::State& state) {
  telemetry::Metrics metrics;
  for (int i = 0; i < state.range(0); ++i)
    metrics.histogram("duration_seconds", "Time.", telemetry::kLatencyBounds, {{"route", std::to_string(i)}}).record(1);
  std::string out;
  for ([[maybe_unused]] auto unused : state) {
    out.clear();
    MetricsEncoder encoder(metrics.read_with_attributes(), Timestamp(), Timestamp());
    benchmark::DoNotOptimize(encoder.encode(out, 64 << 20));
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(read_metrics)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace marty::otlp::internal
