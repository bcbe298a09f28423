// The clocks of the machine, and its randomness. Only the real world and threads outside any world come here.
#pragma once

#include <cstddef>
#include <span>

#include "marty/runtime/time.hpp"

namespace marty::runtime::internal {

TimePoint real_now() noexcept;                       // CLOCK_MONOTONIC
Timestamp real_wall_now() noexcept;                  // CLOCK_REALTIME
Duration thread_processor_time() noexcept;           // CLOCK_THREAD_CPUTIME_ID: of the calling thread
void real_random_bytes(std::span<std::byte> bytes);  // getrandom(2)

}  // namespace marty::runtime::internal
