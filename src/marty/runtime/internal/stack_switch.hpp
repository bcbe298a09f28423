// The switch from one stack to another: saves what the calling convention lets a function keep (System V x86-64
// psABI, 3.2.1) and goes on where the other side was left. Nothing else changes; context.hpp adds what C++ and the
// sanitizers keep per thread.
//
// On x86-64 it is our own, because boost::context's loads MXCSR with every switch, and where both sides differ in the
// sticky floating-point flags – after the first inexact division of any fiber – that load costs about 70 ns on current
// processors. Here the control bits are compared and loaded only where they differ; the flags are the caller's to save,
// by the psABI. Other architectures use boost::context.
#pragma once

#include <cstddef>

namespace marty::runtime::internal {

// A suspended stack: where its saved registers lie.
using StackPointer = void*;

#ifdef __x86_64__
// Stores the caller's stack pointer in `*from` and continues at `to`. Returns when somebody switches back to `*from`.
extern "C" void marty_switch_stack(StackPointer* from, StackPointer to) noexcept;
inline void switch_stack(StackPointer* from, StackPointer to) noexcept { marty_switch_stack(from, to); }
#else
void switch_stack(StackPointer* from, StackPointer to) noexcept;
#endif

// A suspended stack that begins with `entry`, which never returns, once it is switched to. `top` is aligned to 16
// bytes.
StackPointer make_stack(void* top, std::size_t bytes, void (*entry)()) noexcept;

}  // namespace marty::runtime::internal
