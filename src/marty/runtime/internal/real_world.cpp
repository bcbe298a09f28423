#include "marty/runtime/internal/real_world.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <system_error>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/fault_handler.hpp"
#include "marty/runtime/internal/main_job.hpp"
#include "marty/runtime/internal/stall_detector.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::size_t kMinStackBytes = 32 * 1024;  // less does not even format a message

int usable_cores() noexcept {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? std::max(CPU_COUNT(&cores), 1) : 1;
}

WorldOptions checked(WorldOptions options) {
  if (options.loops < 0 || options.loops > 1024) {
    throw Error(Code::invalid_argument,
                fmt::format("runtime.loops is {}: choose 0 (one per core) to 1024", options.loops));
  }
  if (options.stack_bytes < kMinStackBytes) {
    throw Error(Code::invalid_argument,
                fmt::format("server.fiber_stack is {}: choose {} or more", options.stack_bytes, kMinStackBytes));
  }
  if (options.loops == 0) options.loops = usable_cores();
  if (!options.on_stall) {
    options.on_stall = [](std::string_view report) {
      std::fprintf(stderr, "marty: %.*s\n", static_cast<int>(report.size()), report.data());
    };
  }
  return options;
}

// Where address space is limited, a quarter of it at most is for stacks, of all loops together: they keep what they
// took, and databases, buffers and threads have to find something, too.
StackOptions stack_options(const WorldOptions& options) noexcept {
  StackOptions result{.bytes = options.stack_bytes};
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    result.most_bytes = space.rlim_cur / 4 / static_cast<std::size_t>(options.loops);
  return result;
}

// On the stack of who waits for the thread.
class Stop final : public Message {
 public:
  explicit Stop(Scheduler& scheduler) : scheduler_(scheduler) {}
  void deliver() override { scheduler_.stop(); }
  void discard() noexcept override {}

 private:
  Scheduler& scheduler_;
};

std::vector<Scheduler*> pointers(const std::vector<std::unique_ptr<Scheduler>>& owners) {
  std::vector<Scheduler*> result;
  for (const auto& owner : owners) result.push_back(owner.get());
  return result;
}

}  // namespace

RealWorld::RealWorld(WorldOptions options) : options_(checked(std::move(options))) {
  for (std::size_t index = 0; index < static_cast<std::size_t>(options_.loops); ++index) {
    auto driver = std::make_unique<EpollDriver>(services_);
    if (index == 0) services_.signals = std::make_unique<SignalHub>(*driver->epoll());
    schedulers_.push_back(std::make_unique<Scheduler>(*this, std::move(driver), index, stack_options(options_)));
    loops_.push_back(schedulers_.back().get());
  }
}

RealWorld::~RealWorld() {
  services_.signals.reset();  // before the loop that it watches with
}

void RealWorld::run(std::function<void()> main) {
  MARTY_CHECK(Scheduler::current_or_null() == nullptr);
  MainJob job(std::move(main), pointers(schedulers_));
  for (const auto& scheduler : schedulers_) scheduler->accept_new_fibers();
  const FaultHandler faults;
  const AlternateStack signal_stack;
  struct AtEnd {
    RealWorld& world;
    ~AtEnd() {
      world.stop_threads();
      world.services_.signals->restore();
    }
  } at_end{*this};
  start_threads();
  std::optional<StallDetector> detector;
  if (options_.stall_threshold > Duration::zero()) {
    detector.emplace(pointers(schedulers_), options_.stall_threshold, options_.on_stall);
  }
  schedulers_.front()->start(job, "main", nullptr);
  schedulers_.front()->run();
  job.rethrow();
}

void RealWorld::start_threads() {
  try {
    for (std::size_t index = 1; index < schedulers_.size(); ++index) {
      threads_.emplace_back([scheduler = schedulers_[index].get(), index] {
        pthread_setname_np(pthread_self(), fmt::format("marty-loop-{}", index).c_str());
        const AlternateStack signal_stack;
        scheduler->run();
      });
    }
  } catch (const std::system_error& error) {
    throw Error::exhausted(
        fmt::format("cannot start a thread per loop: {}; have fewer loops, or allow the process more "
                    "memory (ulimit -v, the container's limit) or threads (ulimit -u)",
                    error.what()));
  }
}

void RealWorld::stop_threads() noexcept {
  for (std::size_t index = 0; index < threads_.size(); ++index) {
    Stop stop(*schedulers_[index + 1]);
    schedulers_[index + 1]->send(stop);
    threads_[index].join();
  }
  threads_.clear();
}

}  // namespace marty::runtime::internal

namespace marty::runtime {
std::unique_ptr<World> World::real(WorldOptions options) {
  return std::make_unique<internal::RealWorld>(std::move(options));
}
}  // namespace marty::runtime
