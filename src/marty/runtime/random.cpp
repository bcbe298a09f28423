#include "marty/runtime/random.hpp"

#include <array>
#include <cstring>

#include "marty/runtime/internal/real_clock.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace {

internal::RandomEngine& engine() noexcept {
  if (internal::Scheduler* scheduler = internal::Scheduler::current_or_null()) return scheduler->random();
  thread_local internal::RandomEngine of_plain_thread([] {
    std::uint64_t seed = 0;
    internal::real_random_bytes(std::as_writable_bytes(std::span(&seed, 1)));
    return seed;
  }());
  return of_plain_thread;
}

}  // namespace

std::uint64_t random_u64() noexcept { return engine().next(); }
double random_unit() noexcept { return engine().unit(); }

void random_secret(std::span<std::byte> bytes) {
  internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  scheduler != nullptr ? scheduler->driver().random_bytes(bytes) : internal::real_random_bytes(bytes);
}

Uuid new_uuid() {
  const auto since_1970 = std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch());
  const std::array<std::uint64_t, 2> words{random_u64(), random_u64()};
  std::array<std::uint8_t, 10> random;
  std::memcpy(random.data(), words.data(), random.size());
  return Uuid::v7(static_cast<std::uint64_t>(since_1970.count()), random);
}

}  // namespace marty::runtime
