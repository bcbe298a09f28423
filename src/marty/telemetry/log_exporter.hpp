// LogExporter: whoever sends log lines elsewhere, beside the sink that they are written to. Logging holds one.
#pragma once

#include "marty/base/time.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::telemetry {

class Context;
class Redaction;

class LogExporter {
 public:
  // A line that was written, in the order of its thread. On any thread, in the middle of any work: it must neither wait
  // nor log. What it refers to is valid during the call only.
  virtual void take(const internal::LogRecord& record, const Context& context, Timestamp time,
                    const Redaction& redaction) noexcept = 0;

 protected:
  ~LogExporter() = default;
};

}  // namespace marty::telemetry
