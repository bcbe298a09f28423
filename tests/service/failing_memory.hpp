// Allocations that fail on demand, of the whole program: operator new is replaced by linking failing_memory.cpp.
//
//   failures = 10, left = 3;      // three more allocations succeed, the ten behind them fail
//   act();
//   left.exchange(kNever) <= 0;   // whether any did
#pragma once

#include <atomic>

namespace marty::failing_memory {

constexpr long kNever = -1;

// Allocations until one fails; then so many fail. A thread may be spared.
extern std::atomic<long> left;
extern std::atomic<long> failures;
extern thread_local bool spared;

}  // namespace marty::failing_memory
