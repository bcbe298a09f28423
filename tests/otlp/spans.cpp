// Exports spans at a rate for some seconds, and says what came of them:
//
//   otlp_spans ENDPOINT http|grpc none|gzip SPANS_PER_SECOND SECONDS [QUEUE_BYTES]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "marty/base/error.hpp"
#include "marty/otlp/exporter.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/internal/protobuf_wire.hpp"
#include "marty/telemetry/process_metrics.hpp"

namespace {

using namespace marty;
using namespace marty::telemetry::internal;

// Spans of about 300 bytes. They arise on the loop that exports them, as they would of a service with one.
class Spans final : public telemetry::SpanSource {
 public:
  void finish_one() {
    if (waiting_.size() > 16 << 20) {
      ++dropped_;
      return;
    }
    append_message_field(waiting_, 2, [&] {
      append_message_field(waiting_, 1, [&] {
        append_big_endian(waiting_, std::uint64_t{0x0102030405060708});
        append_big_endian(waiting_, ++finished_);
      });
      append_message_field(waiting_, 2, [&] { append_big_endian(waiting_, finished_); });
      append_string_field(waiting_, 5, "GET /pets/{id}");
      append_varint_field(waiting_, 6, 2);
      append_fixed64_field(waiting_, 7, 1'700'000'000'000'000'000);
      append_fixed64_field(waiting_, 8, 1'700'000'000'001'000'000);
      append_key_value(waiting_, 9, "http.request.method", "GET");
      append_key_value(waiting_, 9, "http.route", "/pets/{id}");
      append_key_value(waiting_, 9, "http.response.status_code", 200);
      append_key_value(waiting_, 9, "url.path", "/pets/0190a3f2-5a5a-7c1d-8e2f-0123456789ab");
      append_key_value(waiting_, 9, "server.address", "petstore.example.org");
    });
    ends_.push_back(waiting_.size());
    if (waiting_.size() > 256 << 10) wake_();
  }
  std::uint64_t finished() const { return finished_; }

  std::size_t collect(std::string& out, std::size_t max_bytes) override {
    std::size_t count = 0;
    std::size_t end = at_;
    while (next_ < ends_.size() && out.size() + end - at_ < max_bytes) {
      end = ends_[next_++];
      ++count;
    }
    out.append(waiting_, at_, end - at_);
    at_ = end;
    if (next_ == ends_.size()) {
      waiting_.clear();
      ends_.clear();
      at_ = next_ = 0;
    }
    return count;
  }
  void on_pressure(std::function<void()> wake) override { wake_ = std::move(wake); }
  std::uint64_t dropped() const noexcept override { return dropped_; }

 private:
  std::string waiting_;
  std::vector<std::size_t> ends_;
  std::size_t at_ = 0, next_ = 0;
  std::uint64_t finished_ = 0, dropped_ = 0;
  std::function<void()> wake_;
};

void run(const otlp::ExporterOptions& options, std::uint64_t per_second, double seconds) {
  telemetry::DescriptorSink sink(2);
  telemetry::Logging logging({}, sink);
  telemetry::Metrics metrics;
  const telemetry::ProcessMetrics process(metrics);
  Spans spans;
  otlp::Exporter exporter(options, metrics, logging);
  exporter.export_traces(spans);
  exporter.start();
  const runtime::TimePoint begin = runtime::now();
  std::string state = "well";
  double longest_pause = 0;
  for (int step = 1; step <= seconds * 1000; ++step) {
    for (const std::uint64_t until = per_second * static_cast<std::uint64_t>(step) / 1000; spans.finished() < until;)
      spans.finish_one();
    const runtime::TimePoint due = begin + std::chrono::milliseconds(step);
    runtime::sleep_until(due);  // tidy:allow(sleep): the rate is what is asked for
    longest_pause = std::max(longest_pause, std::chrono::duration<double>(runtime::now() - due).count());
  }
  try {
    exporter.check();
  } catch (const Error& error) {
    state = error.message();
  }
  const runtime::TimePoint stopping = runtime::now();
  exporter.stop();
  const double stop_seconds = std::chrono::duration<double>(runtime::now() - stopping).count();
  const auto of = [&](const char* name, const char* reason) {
    telemetry::Labels labels = {{"signal", "traces"}};
    if (reason != nullptr) labels.push_back({"reason", reason});
    return metrics.value(name, labels).value_or(0);
  };
  std::printf("{\"finished\": %llu, \"exported\": %.0f, \"failures\": %.0f, \"stop_seconds\": %.3f, ",
              static_cast<unsigned long long>(spans.finished()), of("mmf_telemetry_exported_total", nullptr),
              of("mmf_telemetry_export_failures_total", nullptr), stop_seconds);
  for (const char* reason : {"queue_full", "rejected", "refused", "expired", "shutdown", "buffer_full"})
    std::printf("\"%s\": %.0f, ", reason, of("mmf_telemetry_dropped_total", reason));
  std::printf("\"longest_pause\": %.4f, \"cpu_seconds\": %.3f, \"state\": \"%s\"}\n", longest_pause,
              metrics.value("process_cpu_seconds_total").value_or(0), state.c_str());
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
  runtime::World::real({.loops = 1})->run([&] {
    run(options, std::strtoull(argv[4], nullptr, 10), std::strtod(argv[5], nullptr));
  });
}
