// Which users a percentage takes: every user has a fixed place from 0 to 9999 in each flag, and a flag of 25 % is on
// for the places below 2500. So whoever has 10 % keeps it at 25 %, and flags do not choose the same users.
//
//   bucket_of("new_checkout", "ann");      // 2542: on from 25.43 % up
//
// The place is FNV-1a (64 bits, http://www.isthe.com/chongo/tech/comp/fnv) of "FLAG:USER", with the final mix of
// MurmurHash3 (fmix64), modulo 10000: a few lines in any language, for those who analyse what users did.
#pragma once

#include <cstdint>
#include <string_view>

namespace marty::flags {

inline constexpr std::uint32_t kBuckets = 10'000;

// FNV-1a; `state` is the hash of what came before.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t state = 14695981039346656037u) noexcept {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return state;
}

// The part of the hash that belongs to the flag, computed once.
constexpr std::uint64_t seed_of(std::string_view flag) noexcept { return fnv1a(":", fnv1a(flag)); }

constexpr std::uint32_t bucket_of(std::uint64_t seed, std::string_view user) noexcept {
  std::uint64_t hash = fnv1a(user, seed);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return static_cast<std::uint32_t>((hash ^ (hash >> 33)) % kBuckets);
}

constexpr std::uint32_t bucket_of(std::string_view flag, std::string_view user) noexcept {
  return bucket_of(seed_of(flag), user);
}

}  // namespace marty::flags
