#include "marty/runtime/time.hpp"

#include "marty/runtime/internal/real_clock.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {

TimePoint now() {
  internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  return scheduler != nullptr ? scheduler->driver().now() : internal::real_now();
}

TimePoint coarse_now() {
  const internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  return scheduler != nullptr ? scheduler->coarse_now() : internal::real_now();
}

TimePoint after(Duration duration) {
  const TimePoint start = now();
  return duration < kNever - start ? start + duration : kNever;
}

Timestamp wall_now() {
  internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  return scheduler != nullptr ? scheduler->driver().wall_now() : internal::real_wall_now();
}

}  // namespace marty::runtime
