// LogLines: a LogSink that hands each line on to another one, and keeps the last of them: what was logged in a trace.
//
//   LogLines lines(sink);
//   telemetry::Logging logging({.service = "petstore"}, lines);
//   lines.of_trace(trace_id);       // as they were written, the oldest first
//
// Bounded: kMaxBytes of text, the oldest go. Any thread may write, and look. A line costs a lock and a copy more.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "marty/telemetry/ids.hpp"
#include "marty/telemetry/log_sink.hpp"

namespace marty::admin {

class LogLines final : public telemetry::LogSink {
 public:
  static constexpr std::size_t kMaxBytes = 2 << 20;

  explicit LogLines(telemetry::LogSink& next) : next_(next) {}  // which must outlive it

  void write(std::string_view line) noexcept override;
  void flush() noexcept override { next_.flush(); }
  std::uint64_t dropped() const noexcept override { return next_.dropped(); }
  void count_dropped() noexcept override { next_.count_dropped(); }

  std::vector<std::string> of_trace(telemetry::TraceId id) const;
  std::size_t bytes() const;

 private:
  void keep(std::string_view line);

  telemetry::LogSink& next_;
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;  // guarded by mutex_, as is what follows
  std::size_t bytes_ = 0;
};

}  // namespace marty::admin
