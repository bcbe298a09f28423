// Context: one side of a stack switch – the machine state of a fiber, or of the loop itself while a fiber runs.
//
// A switch of stacks plus what the run-time keeps per thread and knows nothing of fibers: the C++ exception globals (a
// fiber that waits inside a catch block must find its own exception when it goes on; Itanium C++ ABI, exception
// handling 2.2.2) and the sanitizers' idea of the current stack.
#pragma once

#include <cxxabi.h>

#include <cstddef>

#include "marty/runtime/internal/sanitizer.hpp"
#include "marty/runtime/internal/stack.hpp"
#include "marty/runtime/internal/stack_switch.hpp"

namespace marty::runtime::internal {

// The ABI's __cxa_eh_globals: the stack of caught exceptions and the count of those in flight.
struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned int uncaught = 0;
  static ExceptionGlobals* of_this_thread() noexcept {
    return reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  }
};

struct Context {
  StackPointer stack_pointer = nullptr;  // set while suspended
  ExceptionGlobals exceptions;
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
#endif
#ifdef __SANITIZE_THREAD__
  void* fiber = nullptr;
#endif
};

// Suspends `here` (the caller) and continues `to`; returns when somebody switches back to `here`.
inline void switch_context(Context& here, Context& to, ExceptionGlobals& globals) noexcept {
  here.exceptions = globals;
  globals = to.exceptions;
#ifdef __SANITIZE_THREAD__
  __tsan_switch_to_fiber(to.fiber, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&here.fake_stack, to.stack_bottom, to.stack_bytes);
#endif
  switch_stack(&here.stack_pointer, to.stack_pointer);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(here.fake_stack, nullptr, nullptr);
#endif
}

// A context that will run `entry` on the stack between `stack.base` and `top`; `entry` starts with arrive() and never
// returns.
inline void make_context(Context& context, const Stack& stack, void* top, void (*entry)()) noexcept {
  const auto bytes = static_cast<std::size_t>(static_cast<char*>(top) - stack.base);
  context.stack_pointer = make_stack(top, bytes, entry);
#ifdef __SANITIZE_ADDRESS__
  context.stack_bottom = stack.base;
  context.stack_bytes = bytes;
#endif
#ifdef __SANITIZE_THREAD__
  context.fiber = __tsan_create_fiber(0);
#endif
}

// First on a new stack; `from` is the context that switched here.
inline void arrive([[maybe_unused]] Context& from) noexcept {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &from.stack_bottom, &from.stack_bytes);
#endif
}

// The context of the calling thread itself, to be switched away from.
inline void adopt_thread([[maybe_unused]] Context& context) noexcept {
#ifdef __SANITIZE_THREAD__
  context.fiber = __tsan_get_current_fiber();
#endif
}

inline void destroy_context([[maybe_unused]] Context& context) noexcept {
#ifdef __SANITIZE_THREAD__
  __tsan_destroy_fiber(context.fiber);
#endif
}

}  // namespace marty::runtime::internal
