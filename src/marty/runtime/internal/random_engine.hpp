// RandomEngine: xoshiro256++ 1.0 (Blackman, Vigna: "Scrambled Linear Pseudorandom Number Generators", 2021). Fast, for
// one thread, not for secrets.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace marty::runtime::internal {

class RandomEngine {
 public:
  // Any seed will do: it is spread by SplitMix64, as the authors advise.
  explicit RandomEngine(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      std::uint64_t z = (seed += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // [0, 1), with 53 random bits.
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace marty::runtime::internal
