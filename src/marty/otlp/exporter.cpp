#include "marty/otlp/exporter.hpp"

#include <optional>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/otlp/internal/log_buffer.hpp"
#include "marty/otlp/internal/metrics_encoder.hpp"
#include "marty/otlp/internal/pipeline.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::otlp {

using internal::Pipeline;
using internal::Source;

namespace {

constexpr int kSenders = 4;  // at a time: what a receiver far away takes to answer does not bound the rate

std::unique_ptr<internal::Transport> make_transport(const ExporterOptions& options) {
  return options.protocol == Protocol::grpc ? internal::make_grpc_transport(options)
                                            : internal::make_http_transport(options);
}

}  // namespace

std::string_view signal_name(Signal signal) noexcept {
  switch (signal) {
    case Signal::traces:
      return "traces";
    case Signal::metrics:
      return "metrics";
    case Signal::logs:
      break;
  }
  return "logs";
}

class Exporter::State {
 public:
  State(ExporterOptions exporter_options, telemetry::Metrics& registry, telemetry::Logging& own_lines)
      : options(std::move(exporter_options)), envelope(options.resource), metrics(registry) {
    context.logging = &own_lines;
  }

  // One of the three. Metrics go one after the other: a receiver may refuse what is older than what it has.
  struct Way {
    std::unique_ptr<Pipeline> pipeline;
    Source source;
  };
  Pipeline& add(Signal signal, Source source) {
    const bool is_metrics = signal == Signal::metrics;
    auto pipeline = std::make_unique<Pipeline>(
        internal::PipelineOptions{.signal = signal,
                                  .interval = is_metrics ? options.metrics_interval : options.batch_interval,
                                  .senders = is_metrics ? 1 : kSenders,
                                  .queue_bytes = options.queue_bytes,
                                  .gzip = options.compression == Compression::gzip,
                                  .endpoint = options.endpoint},
        envelope, metrics);
    ways.push_back({std::move(pipeline), std::move(source)});
    return *ways.back().pipeline;
  }

  const ExporterOptions options;
  const internal::Envelope envelope;
  telemetry::Metrics& metrics;
  telemetry::Context context;  // of the exporter's own work, which belongs to no trace
  const Timestamp started = std::min(metrics.created(), runtime::wall_now());  // since when sums are sums
  std::vector<Way> ways;
  std::unique_ptr<internal::LogBuffer> log_buffer;
  std::optional<internal::MetricsEncoder> reading;
  std::unique_ptr<internal::Transport> transport;  // while started
};

Exporter::Exporter(ExporterOptions options, telemetry::Metrics& metrics, telemetry::Logging& own_lines)
    : state_(std::make_unique<State>(std::move(options), metrics, own_lines)) {
  MARTY_CHECK(own_lines.exporter() == nullptr);
}

Exporter::~Exporter() { MARTY_CHECK(state_->transport == nullptr); }

void Exporter::export_traces(telemetry::SpanSource& source) {
  Pipeline& pipeline = state_->add(
      Signal::traces,
      {.collect = [&source](std::string& out, std::size_t max_bytes) { return source.collect(out, max_bytes); },
       .rest = [&source](std::string& out, std::size_t max_bytes) { return source.collect_rest(out, max_bytes); },
       .dropped = [&source] { return source.dropped(); }});
  source.on_pressure([alarm = pipeline.alarm()] { alarm->ring(); });
}

void Exporter::export_metrics() {
  State& state = *state_;
  state.add(Signal::metrics, {.begin =
                                  [&state] {
                                    state.reading.emplace(state.metrics.read_with_attributes(), state.started,
                                                          runtime::wall_now());
                                  },
                              .collect =
                                  [&state](std::string& out, std::size_t max_bytes) {
                                    return state.reading ? state.reading->encode(out, max_bytes) : 0;
                                  }});
}

telemetry::LogExporter& Exporter::export_logs() {
  State& state = *state_;
  Pipeline& pipeline = state.add(
      Signal::logs, {.collect = [&state](std::string& out,
                                         std::size_t max_bytes) { return state.log_buffer->collect(out, max_bytes); },
                     .dropped = [&state] { return state.log_buffer->dropped(); }});
  state.log_buffer = std::make_unique<internal::LogBuffer>(state.options.queue_bytes / 2,
                                                           [alarm = pipeline.alarm()] { alarm->ring(); });
  return *state.log_buffer;
}

void Exporter::check(const ExporterOptions& options) { make_transport(options); }

void Exporter::start() {
  State& state = *state_;
  state.transport = make_transport(state.options);
  const telemetry::ContextScope scope(state.context);
  for (State::Way& way : state.ways) way.pipeline->start(way.source, *state.transport);
}

void Exporter::stop() noexcept {
  State& state = *state_;
  if (state.transport == nullptr) return;
  const telemetry::ContextScope scope(state.context);
  {
    const runtime::DeadlineScope deadline(state.options.shutdown_timeout);
    for (State::Way& way : state.ways) way.pipeline->begin_stop();
    for (State::Way& way : state.ways) way.pipeline->stop();
  }
  state.transport.reset();
}

// What anybody may hear: neither addresses nor reasons.
void Exporter::check() const {
  std::string failures;
  for (const State::Way& way : state_->ways) {
    const auto since = way.pipeline->failing_since();
    if (!since) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(runtime::now() - *since).count();
    failures += (failures.empty() ? "" : ", ") + std::string(signal_name(way.pipeline->signal())) + " for " +
                std::to_string(seconds) + " s (" + std::to_string(way.pipeline->dropped()) + " lost so far)";
  }
  if (!failures.empty()) throw Error(Code::unavailable, "not exported: " + failures + "; the log says why");
}

}  // namespace marty::otlp
