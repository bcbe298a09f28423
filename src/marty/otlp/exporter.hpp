// Exporter: sends traces, metrics and logs to a collector by OTLP, over HTTP/protobuf or gRPC.
//
//   otlp::Exporter exporter({.endpoint = "http://collector:4318", .resource = {{"service.name", "shop"}}}, metrics,
//                           own_lines);
//   exporter.export_traces(tracer);
//   logging.set_exporter(&exporter.export_logs());
//   exporter.start();
//   ...
//   exporter.stop();                // sends what is left, for at most shutdown_timeout
//
// Nothing of it stands in the way of requests: spans and lines wait in bounded buffers, and batches in bounded queues;
// a receiver that is slow or gone costs what finds no room, which is counted: mmf_telemetry_exported_total,
// mmf_telemetry_dropped_total by reason, mmf_telemetry_export_failures_total, mmf_telemetry_queue_bytes. The log has a
// line when exporting begins to fail and one when it is well again.
//
// Source: https://opentelemetry.io/docs/specs/otlp/ (1.x), opentelemetry-proto 1.3. Throws invalid_argument where the
// endpoint is no URL of http or https.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "marty/otlp/options.hpp"
#include "marty/telemetry/log_exporter.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/span_source.hpp"

namespace marty::otlp {

class Exporter {
 public:
  // The exporter's own lines go to `own_lines`, which must not export them, or each would make another. All outlive it.
  Exporter(ExporterOptions options, telemetry::Metrics& metrics, telemetry::Logging& own_lines);
  ~Exporter();  // REQUIRES stop(), where it was started
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Which signals: before start().
  void export_traces(telemetry::SpanSource& source);
  void export_metrics();
  telemetry::LogExporter& export_logs();

  // Throws what start() would of these, and sends nothing. On a fiber.
  static void check(const ExporterOptions& options);

  // On a fiber, whose loop then does the work. What cannot be reached is no failure of a start.
  void start();
  void stop() noexcept;

  // Of any thread. Throws unavailable where the last requests of a signal failed: since when, and what was lost.
  void check() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::otlp
