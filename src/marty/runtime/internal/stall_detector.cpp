#include "marty/runtime/internal/stall_detector.hpp"

#include <execinfo.h>
#include <fmt/format.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/real_clock.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/symbols.hpp"

namespace marty::runtime::internal {
namespace {

constexpr int kMaxFrames = 48;
constexpr int kLooksPerThreshold = 4;
constexpr int kAnswerTimeoutSeconds = 2;  // a thread inside the kernel may not answer at all

int stall_signal() noexcept { return SIGRTMIN + 5; }

// What the stuck thread writes and the watchdog reads, one capture at a time. Global, because a signal handler has no
// other way; never freed, because an answer may come late.
struct Capture {
  std::mutex one_at_a_time;
  sem_t done{};
  std::array<void*, kMaxFrames> frames{};
  int frame_count = 0;
  std::array<char, 64> fiber{};
  Capture() { sem_init(&done, 0, 0); }
};

Capture& capture() {
  static Capture& instance = *new Capture;
  return instance;
}

void on_stall_signal(int) {
  const int before = errno;
  Capture& answer = capture();
  const Fiber* fiber = this_thread.scheduler != nullptr ? this_thread.scheduler->current_fiber() : nullptr;
  std::string_view name = fiber == nullptr ? "a callback" : fiber->name.empty() ? "(unnamed)" : fiber->name;
  name = name.substr(0, answer.fiber.size() - 1);
  *std::copy(name.begin(), name.end(), answer.fiber.begin()) = '\0';
  answer.frame_count = backtrace(answer.frames.data(), kMaxFrames);
  sem_post(&answer.done);
  errno = before;
}

std::string describe_stall(const Scheduler& loop, pthread_t thread, Duration held) {
  Capture& answer = capture();
  const std::lock_guard lock(answer.one_at_a_time);
  while (sem_trywait(&answer.done) == 0) {  // an answer that came too late for its question
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(held).count();
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += kAnswerTimeoutSeconds;
  if (pthread_kill(thread, stall_signal()) != 0 || sem_timedwait(&answer.done, &until) != 0) {
    return fmt::format("loop {} is held for {} ms already; its thread does not answer", loop.index(), ms);
  }
  std::string report = fmt::format(
      "loop {} is held for {} ms already by {}{}; move what blocks to a BlockingPool, or yield() in long computations",
      loop.index(), ms, std::string_view(answer.fiber.data()) == "a callback" ? "" : "fiber ", answer.fiber.data());
  constexpr int kHandlerFrames = 2;  // the handler itself, and the kernel's return from it
  Symbols symbols;
  for (int i = kHandlerFrames; i < answer.frame_count; ++i) {
    char* address = static_cast<char*>(answer.frames[static_cast<std::size_t>(i)]);
    if (i > kHandlerFrames) --address;  // a return address may be where the next function begins
    fmt::format_to(std::back_inserter(report), "\n  #{} {}", i - kHandlerFrames, symbols.describe(address));
  }
  return report;
}

}  // namespace

StallDetector::StallDetector(std::vector<Scheduler*> loops, Duration threshold,
                             std::function<void(std::string_view)> on_stall)
    : threshold_(threshold), on_stall_(std::move(on_stall)) {
  for (Scheduler* loop : loops) seen_.push_back({.loop = loop});
  void* frame = nullptr;
  backtrace(&frame, 1);  // loads the unwinder now: the handler must not
  capture();
  struct sigaction action {};
  action.sa_handler = &on_stall_signal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;  // the fiber may have little of its own stack left
  sigemptyset(&action.sa_mask);
  // It stays installed: nobody else uses this signal, and one that comes late would kill the process.
  sigaction(stall_signal(), &action, nullptr);
  try {
    watchdog_ = std::thread([this] { watch(); });
  } catch (const std::system_error& error) {
    throw Error::exhausted(
        fmt::format("cannot start the thread that looks for stalls: {}; allow the process more "
                    "memory (ulimit -v, the container's limit) or threads (ulimit -u)",
                    error.what()));
  }
}

StallDetector::~StallDetector() {
  {
    const std::lock_guard lock(state_);
    stopping_ = true;
  }
  stop_.notify_one();
  watchdog_.join();
}

void StallDetector::watch() {
  pthread_setname_np(pthread_self(), "marty-watchdog");
  std::unique_lock lock(state_);
  while (!stop_.wait_for(lock, threshold_ / kLooksPerThreshold, [&] { return stopping_; })) {
    for (Observation& seen : seen_) look_at(seen);
  }
}

void StallDetector::look_at(Observation& seen) {
  const Heartbeat& heartbeat = seen.loop->heartbeat();
  const std::uint64_t dispatches = heartbeat.dispatches.load(std::memory_order_relaxed);
  const TimePoint now = real_now();
  if (dispatches != seen.dispatches || heartbeat.sleeping.load(std::memory_order_relaxed)) {
    seen.dispatches = dispatches;
    seen.since = now;
    seen.reported = false;
    return;
  }
  const pthread_t thread = heartbeat.thread.load(std::memory_order_relaxed);
  if (seen.reported || now - seen.since < threshold_ || thread == 0) return;
  seen.reported = true;
  on_stall_(describe_stall(*seen.loop, thread, now - seen.since));
}

}  // namespace marty::runtime::internal
