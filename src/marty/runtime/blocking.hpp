// BlockingPool: threads for calls that block – C libraries, files – with a bound on threads and on waiting calls.
//
//   BlockingPool pool({.name = "sqlite", .threads = 2, .queue = 256});
//   auto rows = pool.run([&] { return query(database); });   // this fiber waits, its loop does not
//
// In the simulated world a call runs inline, at once: virtual time does not pass in it, and a call that waits for
// another fiber would wait for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace marty::runtime {

struct BlockingPoolOptions {
  std::string name = "blocking";  // thread name and error messages
  int threads = 4;                // started on first use
  std::size_t queue = 1024;       // calls waiting for a thread; one more throws resource_exhausted
};

struct BlockingPoolStats;

class BlockingPool {
 public:
  explicit BlockingPool(BlockingPoolOptions options = {});  // throws invalid_argument where it has no thread
  ~BlockingPool();                                          // waits for the running calls

  // Runs `function` on a thread of the pool and waits for it; rethrows its exception. The call is finished even when
  // the waiting fiber is cancelled or reaches its deadline: run() returns only then, so references stay valid. From a
  // plain thread it runs inline.
  template <class Function>
  auto run(Function&& function) -> std::invoke_result_t<Function> {
    using Result = std::invoke_result_t<Function>;
    if constexpr (std::is_void_v<Result>) {
      run_erased([](void* call) { (*static_cast<std::remove_reference_t<Function>*>(call))(); }, &function);
    } else {
      struct Call {
        std::remove_reference_t<Function>& function;
        std::optional<Result> result;
      } call{function, std::nullopt};
      run_erased(
          [](void* erased) { static_cast<Call*>(erased)->result.emplace(static_cast<Call*>(erased)->function()); },
          &call);
      return std::move(*call.result);
    }
  }

 private:
  friend std::vector<BlockingPoolStats> blocking_pool_stats();
  void run_erased(void (*function)(void*), void* argument);
  class State;
  std::unique_ptr<State> state_;
};

// What the pools of one name hold and have done, taken together.
struct BlockingPoolStats {
  std::string name;
  std::size_t threads = 0;     // started
  std::size_t busy = 0;        // of them, with a call
  std::size_t queued = 0;      // calls that wait for a thread
  std::uint64_t calls = 0;     // ever taken on
  std::uint64_t rejected = 0;  // ever refused, because the queue was full
};

// Of the whole process, by name; what pools counted that are gone stays. From any thread.
std::vector<BlockingPoolStats> blocking_pool_stats();

}  // namespace marty::runtime
