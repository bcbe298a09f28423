#include "marty/otlp/internal/alarm.hpp"

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::otlp::internal {

void Alarm::wait_until(runtime::TimePoint time) {
  try {
    const runtime::DeadlineScope scope(time);
    rings_.acquire();
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded) throw;
  }
  rung_.store(false, std::memory_order_release);  // from here on somebody may ring for what is not collected yet
}

}  // namespace marty::otlp::internal
