// Exports the spans of two loops at a rate for some seconds, and says what came of them:
//
//   otlp_spans ENDPOINT http|grpc none|gzip SPANS_PER_SECOND SECONDS [QUEUE_BYTES]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "marty/base/error.hpp"
#include "marty/otlp/exporter.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/telemetry/tracer.hpp"

namespace {

using namespace marty;

constexpr int kLoops = 2;

// A span as a request makes it, of about 350 bytes.
void finish_one(const telemetry::Tracer& tracer, const telemetry::SpanSite& site) {
  telemetry::Context context;
  context.begin();
  tracer.start(context);
  const telemetry::ContextScope scope(context);
  telemetry::Span span(site, telemetry::SpanKind::server);
  span.set("url.path", "/pets/0190a3f2-5a5a-7c1d-8e2f-0123456789ab");
  span.set("server.address", "petstore.example.org");
  span.set("http.response.status_code", 200);
}

// The part of one loop; returns the longest time that it was late.
double make_spans(const telemetry::Tracer& tracer, std::uint64_t per_second, double seconds,
                  std::atomic<std::uint64_t>& finished) {
  const telemetry::SpanSite& site =
      telemetry::SpanSite::get("GET /pets/{id}", {{"http.request.method", "GET"}, {"http.route", "/pets/{id}"}});
  const runtime::TimePoint begin = runtime::now();
  double longest_pause = 0;
  std::uint64_t done = 0;
  for (int step = 1; step <= seconds * 1000; ++step) {
    for (; done < per_second * static_cast<std::uint64_t>(step) / 1000; ++done) finish_one(tracer, site);
    const runtime::TimePoint due = begin + std::chrono::milliseconds(step);
    runtime::sleep_until(due);  // tidy:allow(sleep): the rate is what is asked for
    longest_pause = std::max(longest_pause, std::chrono::duration<double>(runtime::now() - due).count());
  }
  finished += done;
  return longest_pause;
}

void run(const otlp::ExporterOptions& options, std::uint64_t per_second, double seconds) {
  telemetry::DescriptorSink sink(2);
  telemetry::Logging logging({}, sink);
  telemetry::Metrics metrics;
  const telemetry::ProcessMetrics process(metrics);
  telemetry::Tracer tracer;
  otlp::Exporter exporter(options, metrics, logging);
  exporter.export_traces(tracer);
  exporter.start();
  tracer.record(true);
  std::string state = "well";
  std::atomic<std::uint64_t> finished{0};
  const auto loops = runtime::World::current().loops();
  double longest_pause = 0;
  auto elsewhere = runtime::spawn([&] {
    double longest = 0;
    runtime::run_on(*loops[1], [&] { longest = make_spans(tracer, per_second / kLoops, seconds, finished); });
    return longest;
  });
  longest_pause = make_spans(tracer, per_second / kLoops, seconds, finished);
  longest_pause = std::max(longest_pause, elsewhere.join());
  try {
    exporter.check();
  } catch (const Error& error) {
    state = error.message();
  }
  const double resident = metrics.value("process_resident_memory_bytes").value_or(0);
  const runtime::TimePoint stopping = runtime::now();
  exporter.stop();
  const double stop_seconds = std::chrono::duration<double>(runtime::now() - stopping).count();
  const auto of = [&](const char* name, const char* reason) {
    telemetry::Labels labels = {{"signal", "traces"}};
    if (reason != nullptr) labels.push_back({"reason", reason});
    return metrics.value(name, labels).value_or(0);
  };
  std::printf("{\"finished\": %llu, \"exported\": %.0f, \"failures\": %.0f, \"stop_seconds\": %.3f, ",
              static_cast<unsigned long long>(finished.load()), of("mmf_telemetry_exported_total", nullptr),
              of("mmf_telemetry_export_failures_total", nullptr), stop_seconds);
  for (const char* reason : {"queue_full", "rejected", "refused", "expired", "shutdown", "buffer_full"})
    std::printf("\"%s\": %.0f, ", reason, of("mmf_telemetry_dropped_total", reason));
  std::printf("\"longest_pause\": %.4f, \"cpu_seconds\": %.3f, \"resident_bytes\": %.0f, \"state\": \"%s\"}\n",
              longest_pause, metrics.value("process_cpu_seconds_total").value_or(0), resident, state.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: otlp_spans ENDPOINT http|grpc none|gzip SPANS_PER_SECOND SECONDS [QUEUE_BYTES]\n");
    return 2;
  }
  otlp::ExporterOptions options;
  options.endpoint = argv[1];
  options.protocol = std::string_view(argv[2]) == "grpc" ? otlp::Protocol::grpc : otlp::Protocol::http;
  options.compression = std::string_view(argv[3]) == "gzip" ? otlp::Compression::gzip : otlp::Compression::none;
  options.headers.emplace_back("x-token", Secret("t0"));
  options.resource = {{"service.name", "spans"}};
  if (argc > 6) options.queue_bytes = std::strtoull(argv[6], nullptr, 10);
  runtime::World::real({.loops = kLoops})->run([&] {
    run(options, std::strtoull(argv[4], nullptr, 10), std::strtod(argv[5], nullptr));
  });
}
