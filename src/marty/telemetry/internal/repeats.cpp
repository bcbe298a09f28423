#include "marty/telemetry/internal/repeats.hpp"

#include <chrono>

namespace marty::telemetry::internal {

Repeats::Place* Repeats::find(const char* file, std::uint32_t line) noexcept {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  constexpr std::size_t kAttempts = 16;
  // Addresses have 47 bits, and the lines of a file fit 17.
  const std::uint64_t key = reinterpret_cast<std::uintptr_t>(file) << 17 | (line & 0x1FFFF);
  const std::size_t first = key * kGolden >> 32;
  for (std::size_t attempt = 0; attempt < kAttempts; ++attempt) {
    Place& place = places_[(first + attempt) % kPlaces];
    std::uint64_t known = place.key.load(std::memory_order_relaxed);
    if (known == 0 && place.key.compare_exchange_strong(known, key, std::memory_order_relaxed)) {
      place.line.store(line, std::memory_order_relaxed);
      place.file.store(file, std::memory_order_release);
      return &place;
    }
    if (known == key) return &place;
  }
  return nullptr;
}

std::optional<std::uint64_t> Repeats::pass(const char* file, std::uint32_t line, runtime::TimePoint now,
                                           std::uint32_t most) noexcept {
  Place* const place = find(file, line);
  if (place == nullptr) return 0;
  const auto second =
      static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  std::uint64_t before = place->passed.load(std::memory_order_relaxed), after = 0;
  do {
    after = before >> 32 == (second & 0xFFFFFFFF) ? before + 1 : second << 32 | 1;
  } while (!place->passed.compare_exchange_weak(before, after, std::memory_order_relaxed));
  if ((after & 0xFFFFFFFF) > most) {
    place->held.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return place->held.load(std::memory_order_relaxed) == 0 ? 0 : place->held.exchange(0, std::memory_order_relaxed);
}

}  // namespace marty::telemetry::internal
