// Repeats: counts the lines of each place in the source, and holds back what is too much for a second.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "marty/runtime/time.hpp"

namespace marty::telemetry::internal {

// Lock-free; any thread.
class Repeats {
 public:
  // The lines of a place held back since one passed; nothing where this one is, too. Beyond 512 places those that came
  // late are not limited.
  std::optional<std::uint64_t> pass(const char* file, std::uint32_t line, runtime::TimePoint now,
                                    std::uint32_t most) noexcept;

  // visit(file, line, held) for the places whose last lines were held back.
  template <class Visit>
  void take_held(Visit&& visit) noexcept {
    for (Place& place : places_) {
      const char* const file = place.file.load(std::memory_order_acquire);
      if (file == nullptr) continue;
      if (const std::uint64_t held = place.held.exchange(0, std::memory_order_relaxed); held != 0)
        visit(file, place.line.load(std::memory_order_relaxed), held);
    }
  }

 private:
  struct Place {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::uint64_t> passed{0};  // the second, and in the lower half the lines in it
    std::atomic<std::uint64_t> held{0};
    std::atomic<std::uint32_t> line{0};
    std::atomic<const char*> file{nullptr};  // written last
  };
  static constexpr std::size_t kPlaces = 512;

  Place* find(const char* file, std::uint32_t line) noexcept;

  std::array<Place, kPlaces> places_;
};

}  // namespace marty::telemetry::internal
