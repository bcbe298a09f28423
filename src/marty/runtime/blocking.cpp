#include "marty/runtime/blocking.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace {

// On the stack of the fiber that waits; the answer travels as this very message.
class Call final : public internal::Message {
 public:
  Call(internal::Scheduler& scheduler, void (*function)(void*), void* argument)
      : scheduler_(scheduler), fiber_(*scheduler.current_fiber()), function_(function), argument_(argument) {}

  void execute() noexcept {
    internal::this_thread.world = &scheduler_.world();
    internal::this_thread.ambient = fiber_.ambient;  // its fiber waits meanwhile
    try {
      function_(argument_);
    } catch (...) {
      error_ = std::current_exception();
    }
    internal::this_thread = {};
    scheduler_.send(*this);  // from here on the call may be gone
  }
  void deliver() override {
    done_ = true;
    scheduler_.wake(fiber_);
  }
  void discard() noexcept override {}

  void wait() {
    while (!done_) scheduler_.wait_uninterrupted();
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  internal::Scheduler& scheduler_;
  Fiber& fiber_;
  void (*function_)(void*);
  void* argument_;
  std::exception_ptr error_;
  bool done_ = false;
};

}  // namespace

class BlockingPool::State {
 public:
  explicit State(BlockingPoolOptions options) : options_(std::move(options)) {
    if (options_.threads < 1) {
      throw Error(Code::invalid_argument,
                  fmt::format("pool \"{}\" would have {} threads: give it 1 or more", options_.name, options_.threads));
    }
    threads_.reserve(static_cast<std::size_t>(options_.threads));
    Register& pools = Register::instance();
    const std::lock_guard lock(pools.mutex);
    pools.ended.try_emplace(options_.name);  // so that the end needs no memory
    pools.living.push_back(this);
  }
  ~State() {
    Register& pools = Register::instance();
    const std::lock_guard lock(pools.mutex);
    std::erase(pools.living, this);
    BlockingPoolStats& ended = pools.ended.find(options_.name)->second;
    ended.calls += calls_;
    ended.rejected += rejected_;
  }

  static std::vector<BlockingPoolStats> stats() {
    Register& pools = Register::instance();
    const std::lock_guard lock(pools.mutex);
    std::map<std::string, BlockingPoolStats> by_name = pools.ended;
    for (State* pool : pools.living) pool->add_to(by_name[pool->options_.name]);
    std::vector<BlockingPoolStats> all;
    for (auto& [name, stats] : by_name) {
      stats.name = name;
      all.push_back(std::move(stats));
    }
    return all;
  }

  void submit(Call& call) {
    const std::lock_guard lock(mutex_);
    if (idle_ <= queue_.size()) start_thread_if_allowed();
    if (queue_.size() >= options_.queue + idle_) {
      ++rejected_;
      throw Error::exhausted(
          fmt::format("{} calls wait for the {} threads of pool \"{}\" already; try again later or give it more",
                      queue_.size(), threads_.size(), options_.name));
    }
    queue_.push_back(&call);
    ++calls_;
    wake_.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  // All pools of the process. Never destroyed: a pool may be a global object.
  struct Register {
    static Register& instance() {
      static Register& only = *new Register;
      return only;
    }
    std::mutex mutex;  // taken before a pool's
    std::vector<State*> living;
    std::map<std::string, BlockingPoolStats> ended;
  };

  void add_to(BlockingPoolStats& stats) {
    const std::lock_guard lock(mutex_);
    stats.threads += threads_.size();
    stats.busy += threads_.size() - idle_;
    stats.queued += queue_.size();
    stats.calls += calls_;
    stats.rejected += rejected_;
  }

  void start_thread_if_allowed() {
    if (threads_.size() >= static_cast<std::size_t>(options_.threads)) return;
    // Signals are for the loops: a call of a C library should not see EINTR.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      threads_.emplace_back([this] { work(); });
      ++idle_;
    } catch (const std::exception& error) {  // of the system, or for want of memory
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      if (!threads_.empty()) return;  // those that exist will do the work
      throw Error::exhausted(
          fmt::format("pool \"{}\" cannot start a thread: {}; allow the process more memory (ulimit -v, the "
                      "container's limit) or threads (ulimit -u)",
                      options_.name, error.what()));
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void work() {
    pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());  // the kernel's limit
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Call& call = *queue_.front();
      queue_.pop_front();
      --idle_;
      lock.unlock();
      call.execute();
      lock.lock();
      ++idle_;
    }
  }

  const BlockingPoolOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Call*> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;  // threads without a call, some of which may be about to take one from the queue
  std::uint64_t calls_ = 0;
  std::uint64_t rejected_ = 0;
  bool stopping_ = false;
};

BlockingPool::BlockingPool(BlockingPoolOptions options) : state_(std::make_unique<State>(std::move(options))) {}
BlockingPool::~BlockingPool() { state_->stop(); }

std::vector<BlockingPoolStats> blocking_pool_stats() { return BlockingPool::State::stats(); }

void BlockingPool::run_erased(void (*function)(void*), void* argument) {
  internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  if (scheduler == nullptr || scheduler->world().simulated()) return function(argument);
  MARTY_CHECK(scheduler->current_fiber() != nullptr);
  Call call(*scheduler, function, argument);
  state_->submit(call);
  call.wait();
}

}  // namespace marty::runtime
