// MARTY_CHECK: an invariant of the program itself, always on. A failure prints where and what, and aborts.
// Input is never checked this way: bad input gets an Error.
#pragma once

namespace marty::internal {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

#define MARTY_CHECK(condition)                       \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? void(0)                                     \
       : ::marty::internal::check_failed(#condition, __FILE__, __LINE__))
