// Randomness of the current world: seeded from the operating system in the real one, by the simulation's seed in the
// simulated one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "marty/base/uuid.hpp"

namespace marty::runtime {

// Fast, per loop, not for secrets: ids, jitter, sampling.
std::uint64_t random_u64() noexcept;
double random_unit() noexcept;  // [0, 1)
// For secrets: getrandom(2) in the real world.
void random_secret(std::span<std::byte> bytes);
// UUIDv7 (RFC 9562) from the wall clock and random_u64().
Uuid new_uuid();

}  // namespace marty::runtime
