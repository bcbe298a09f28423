// BlockingPool: threads for calls that block – C libraries, files – with a bound on threads and on waiting calls.
//
//   BlockingPool pool({.name = "sqlite", .threads = 2, .queue = 256});
//   auto rows = pool.run([&] { return query(database); });   // this fiber waits, its loop does not
//
// In the simulated world a call runs inline, at once: virtual time does not pass in it.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace marty::runtime {

struct BlockingPoolOptions {
  std::string name = "blocking";  // thread name and error messages
  int threads = 4;                // started on first use
  std::size_t queue = 1024;       // calls waiting for a thread; one more throws resource_exhausted
};

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
  void run_erased(void (*function)(void*), void* argument);
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::runtime
