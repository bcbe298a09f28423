// LogBuffer: log lines as LogRecords that wait to be exported. Encoded where the line is written, into one bounded
// buffer: what finds no room is dropped and counted. Source: opentelemetry/proto/logs/v1/logs.proto (v1.3).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "marty/telemetry/log_exporter.hpp"

namespace marty::otlp::internal {

class LogBuffer final : public telemetry::LogExporter {
 public:
  // `wake` is called, on any thread, when half of the room is taken.
  LogBuffer(std::size_t max_bytes, std::function<void()> wake);

  void take(const telemetry::internal::LogRecord& record, const telemetry::Context& context, Timestamp time,
            const telemetry::Redaction& redaction) noexcept override;

  // Appends whole records as ScopeLogs.log_records (2) until `out` has `max_bytes`; returns how many.
  std::size_t collect(std::string& out, std::size_t max_bytes);
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool append(std::string_view bytes);
  bool take_over();

  const std::size_t max_bytes_;
  const std::function<void()> wake_;
  std::atomic<std::uint64_t> dropped_ = 0;

  std::mutex mutex_;  // held for a copy of one line
  std::string waiting_;
  std::vector<std::uint32_t> sizes_;  // of the records in it

  // Of the fiber that collects.
  std::string taken_;
  std::vector<std::uint32_t> taken_sizes_;
  std::size_t at_ = 0, next_ = 0;  // the byte and the record that come next
};

// One record as a field with the number 2.
void append_log_record(std::string& out, const telemetry::internal::LogRecord& record,
                       const telemetry::Context& context, Timestamp time, const telemetry::Redaction& redaction);

}  // namespace marty::otlp::internal
