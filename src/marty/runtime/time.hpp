// Time as the current world has it: real in the real world, virtual in the simulated one. Nothing else in the tree asks
// std::chrono for the time.
//
//   const auto start = runtime::now();
//   runtime::sleep_for(20ms);
//   histogram.record(runtime::now() - start);
#pragma once

#include <cstdint>
#include <ratio>

#include "marty/base/time.hpp"

namespace marty::runtime {

using Duration = std::chrono::nanoseconds;

// Monotonic time of the current world. A tag for time points; it has no now() on purpose.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = Clock::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

// Callable from fibers and from loop callbacks of any world.
TimePoint now();
// The time at which the current loop last woke up: free to read, at most one turn of the loop old.
TimePoint coarse_now();
// now() + duration; kNever where that is too far to tell.
TimePoint after(Duration duration);
// UTC.
Timestamp wall_now();

}  // namespace marty::runtime
