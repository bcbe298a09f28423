// FaultHandler: turns a fiber's stack overflow from silence into a message. While one exists, SIGSEGV is looked at
// first: an address in the guard of the running fiber's stack prints which fiber it was and what to do. Then, as any
// other fault, it goes where it went before: without a handler the process dies, with its core dump.
#pragma once

#include <cstddef>

namespace marty::runtime::internal {

// Process-wide; any number may exist, the last one restores what was before, unless a later handler stands above it.
class FaultHandler {
 public:
  FaultHandler();
  ~FaultHandler();
  FaultHandler(const FaultHandler&) = delete;
  FaultHandler& operator=(const FaultHandler&) = delete;
};

// A stack for the signal handlers of the calling thread, since the fiber's own is full. Keeps the one that the thread
// has.
class AlternateStack {
 public:
  AlternateStack();
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace marty::runtime::internal
