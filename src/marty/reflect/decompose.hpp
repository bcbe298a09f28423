// The fields of an aggregate: how many there are, and references to all of them. For type_of.hpp; nobody else needs it.
//
// Boost.PFR does the same; its way of counting makes GCC 12.2 crash on `std::vector<std::string> names = {"a"};`.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>

namespace marty::reflect::internal {

inline constexpr std::size_t kMaxFields = 64;

// Stands for an initialiser of whatever type is asked for: one for copyable members, one for those that only move.
// Never called; defined, because clang asks that of a Member without linkage.
struct AnyCopied {
  template <class Member>
  operator Member&() const&& noexcept {
    std::unreachable();
  }
  template <class Member>
  operator Member&() const& noexcept {
    std::unreachable();
  }
};
struct AnyMoved {
  template <class Member>
  operator Member() const&& noexcept {
    std::unreachable();
  }
};

template <class Any, std::size_t>
using Repeated = Any;

template <class T, class Any, std::size_t... I>
constexpr bool initialisable(std::index_sequence<I...>) {
  return requires { T{Repeated<Any, I>{}...}; };
}
template <class T, std::size_t N>
constexpr bool initialisable() {
  return initialisable<T, AnyCopied>(std::make_index_sequence<N>{}) ||
         initialisable<T, AnyMoved>(std::make_index_sequence<N>{});
}

// The largest number of initialisers that T takes, known to be in [low, high).
template <class T, std::size_t low, std::size_t high>
constexpr std::size_t count_fields() {
  if constexpr (high - low == 1) {
    return low;
  } else {
    constexpr std::size_t middle = low + (high - low) / 2;
    if constexpr (initialisable<T, middle>()) {
      return count_fields<T, middle, high>();
    } else {
      return count_fields<T, low, middle>();
    }
  }
}

template <class T>
inline constexpr std::size_t kFieldCount = count_fields<T, 0, kMaxFields + 2>();

// A std::tuple of references to the fields, in declaration order.
// clang-format off
template <class T>
constexpr auto fields_of(T& object) {  // tidy:allow(function): a table
  constexpr std::size_t n = kFieldCount<std::remove_const_t<T>>;
  static_assert(n <= kMaxFields, "marty describes structs of up to 64 fields: group some of them into structs");
  if constexpr (n == 0) return std::tie();
  else if constexpr (n == 1) { auto& [a0] = object; return std::tie(a0); }
  else if constexpr (n == 2) { auto& [a0, a1] = object; return std::tie(a0, a1); }
  else if constexpr (n == 3) { auto& [a0, a1, a2] = object; return std::tie(a0, a1, a2); }
  else if constexpr (n == 4) { auto& [a0, a1, a2, a3] = object; return std::tie(a0, a1, a2, a3); }
  else if constexpr (n == 5) { auto& [a0, a1, a2, a3, a4] = object; return std::tie(a0, a1, a2, a3, a4); }
  else if constexpr (n == 6) { auto& [a0, a1, a2, a3, a4, a5] = object; return std::tie(a0, a1, a2, a3, a4, a5); }
  else if constexpr (n == 7) { auto& [a0, a1, a2, a3, a4, a5, a6] = object; return std::tie(a0, a1, a2, a3, a4, a5,
    a6); }
  else if constexpr (n == 8) { auto& [a0, a1, a2, a3, a4, a5, a6, a7] = object; return std::tie(a0, a1, a2, a3, a4,
    a5, a6, a7); }
  else if constexpr (n == 9) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8] = object; return std::tie(a0, a1, a2, a3,
    a4, a5, a6, a7, a8); }
  else if constexpr (n == 10) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = object; return std::tie(a0, a1, a2,
    a3, a4, a5, a6, a7, a8, a9); }
  else if constexpr (n == 11) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa] = object; return std::tie(a0, a1,
    a2, a3, a4, a5, a6, a7, a8, a9, aa); }
  else if constexpr (n == 12) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab] = object; return std::tie(a0,
    a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab); }
  else if constexpr (n == 13) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac); }
  else if constexpr (n == 14) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad); }
  else if constexpr (n == 15) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae); }
  else if constexpr (n == 16) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af] = object;
    return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af); }
  else if constexpr (n == 17) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0] = object;
    return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0); }
  else if constexpr (n == 18) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1] =
    object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1); }
  else if constexpr (n == 19) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2] =
    object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2); }
  else if constexpr (n == 20) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3); }
  else if constexpr (n == 21) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4); }
  else if constexpr (n == 22) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1,
    b2, b3, b4, b5); }
  else if constexpr (n == 23) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0,
    b1, b2, b3, b4, b5, b6); }
  else if constexpr (n == 24) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af,
    b0, b1, b2, b3, b4, b5, b6, b7); }
  else if constexpr (n == 25) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae,
    af, b0, b1, b2, b3, b4, b5, b6, b7, b8); }
  else if constexpr (n == 26) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad,
    ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9); }
  else if constexpr (n == 27) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac,
    ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba); }
  else if constexpr (n == 28) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab,
    ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb); }
  else if constexpr (n == 29) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa,
    ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc); }
  else if constexpr (n == 30) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9,
    aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd); }
  else if constexpr (n == 31) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8,
    a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be); }
  else if constexpr (n == 32) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7,
    a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf); }
  else if constexpr (n == 33) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6,
    a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0); }
  else if constexpr (n == 34) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1] = object; return std::tie(a0, a1, a2, a3, a4, a5,
    a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1);
    }
  else if constexpr (n == 35) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2] = object; return std::tie(a0, a1, a2, a3, a4,
    a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0,
    c1, c2); }
  else if constexpr (n == 36) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3] = object; return std::tie(a0, a1, a2, a3,
    a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf,
    c0, c1, c2, c3); }
  else if constexpr (n == 37) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4] = object; return std::tie(a0, a1, a2,
    a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be,
    bf, c0, c1, c2, c3, c4); }
  else if constexpr (n == 38) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5] = object; return std::tie(a0, a1,
    a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd,
    be, bf, c0, c1, c2, c3, c4, c5); }
  else if constexpr (n == 39) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6] = object; return std::tie(a0,
    a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc,
    bd, be, bf, c0, c1, c2, c3, c4, c5, c6); }
  else if constexpr (n == 40) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
    ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7); }
  else if constexpr (n == 41) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
    ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8); }
  else if constexpr (n == 42) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
    ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9); }
  else if constexpr (n == 43) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca] = object; return
    std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
    ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca); }
  else if constexpr (n == 44) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb] = object;
    return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7,
    b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb); }
  else if constexpr (n == 45) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc] =
    object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5,
    b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc); }
  else if constexpr (n == 46) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd] =
    object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5,
    b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd); }
  else if constexpr (n == 47) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce]
    = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4,
    b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce); }
  else if constexpr (n == 48) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3,
    b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf);
    }
  else if constexpr (n == 49) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0); }
  else if constexpr (n == 50) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1,
    b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd,
    ce, cf, d0, d1); }
  else if constexpr (n == 51) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0,
    b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc,
    cd, ce, cf, d0, d1, d2); }
  else if constexpr (n == 52) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af,
    b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb,
    cc, cd, ce, cf, d0, d1, d2, d3); }
  else if constexpr (n == 53) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae,
    af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca,
    cb, cc, cd, ce, cf, d0, d1, d2, d3, d4); }
  else if constexpr (n == 54) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad,
    ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9,
    ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5); }
  else if constexpr (n == 55) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac,
    ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8,
    c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6); }
  else if constexpr (n == 56) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab,
    ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7,
    c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7); }
  else if constexpr (n == 57) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa,
    ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6,
    c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8); }
  else if constexpr (n == 58) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9,
    aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5,
    c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9); }
  else if constexpr (n == 59) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7, a8,
    a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4,
    c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da); }
  else if constexpr (n == 60) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6, a7,
    a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3,
    c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db); }
  else if constexpr (n == 61) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc] = object; return std::tie(a0, a1, a2, a3, a4, a5, a6,
    a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2,
    c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc); }
  else if constexpr (n == 62) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc, dd] = object; return std::tie(a0, a1, a2, a3, a4, a5,
    a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1,
    c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc, dd);
    }
  else if constexpr (n == 63) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc, dd, de] = object; return std::tie(a0, a1, a2, a3, a4,
    a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc,
    dd, de); }
  else if constexpr (n == 64) { auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2,
    b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce,
    cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db, dc, dd, de, df] = object; return std::tie(a0, a1, a2, a3,
    a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, ba, bb, bc, bd, be, bf,
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ca, cb, cc, cd, ce, cf, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, da, db,
    dc, dd, de, df); }
}
// clang-format on

}  // namespace marty::reflect::internal
