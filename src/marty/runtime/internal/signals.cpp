#include "marty/runtime/internal/signals.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "marty/base/error.hpp"

namespace marty::runtime::internal {
namespace {

constexpr int kSignals = 65;

// Where the handler writes each signal, 0 where it is nobody's. Global, as the table of dispositions that it mirrors.
constinit std::array<std::atomic<int>, kSignals> pipe_of_signal{};

void on_signal(int signal) {
  const int before = errno;
  const auto byte = static_cast<char>(signal);
  const int pipe = pipe_of_signal[static_cast<std::size_t>(signal)].load(std::memory_order_relaxed);
  // A full pipe holds more signals than anybody will take.
  if (pipe != 0) [[maybe_unused]]
    const ssize_t written = write(pipe, &byte, 1);
  errno = before;
}

std::uint64_t bit(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

}  // namespace

SignalHub::~SignalHub() {
  restore();
  if (read_end_ < 0) return;
  epoll_.remove(read_end_, *this);
  close(read_end_);
  close(write_end_);
}

// A fiber that waits, from wait() to its return.
struct SignalHub::Waiting {
  std::span<const int> signals;
  std::vector<Waiting*>& all;
  int received = 0;

  Waiting(std::span<const int> awaited, std::vector<Waiting*>& list) : signals(awaited), all(list) {
    all.push_back(this);
  }
  ~Waiting() { std::erase(all, this); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

int SignalHub::wait(std::span<const int> signals) {
  std::unique_lock state(state_);
  for (const int signal : signals) install(signal);
  for (const int signal : signals) {
    if ((pending_ & bit(signal)) == 0) continue;
    pending_ &= ~bit(signal);
    return signal;
  }
  Waiting waiting(signals, waiting_);
  while (waiting.received == 0) waiters_.wait(state);
  return waiting.received;
}

// Everybody who waits for it gets it: one who takes it away from the others would stop them from ever stopping.
void SignalHub::hand_out(int signal) noexcept {
  bool awaited = false;
  for (Waiting* const waiting : waiting_) {
    if (waiting->received != 0 || std::ranges::find(waiting->signals, signal) == waiting->signals.end()) continue;
    waiting->received = signal;
    awaited = true;
  }
  if (!awaited) pending_ |= bit(signal);
}

void SignalHub::install(int signal) {
  if (before_.contains(signal)) return;
  if (signal <= 0 || signal >= kSignals) throw Error(Code::invalid_argument, fmt::format("{} is not a signal", signal));
  if (read_end_ < 0) open_pipe();
  std::atomic<int>& pipe = pipe_of_signal[static_cast<std::size_t>(signal)];
  int nobody = 0;
  if (!pipe.compare_exchange_strong(nobody, write_end_)) {
    throw Error(Code::failed_precondition,
                fmt::format("another World of this process waits for signal {} ({})", signal, strsignal(signal)));
  }
  struct sigaction action {};
  action.sa_handler = &on_signal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  struct sigaction before {};
  if (sigaction(signal, &action, &before) != 0) {
    pipe.store(0);
    throw Error(Code::invalid_argument,
                fmt::format("signal {} ({}) cannot be caught: {}", signal, strsignal(signal), std::strerror(errno)));
  }
  before_.emplace(signal, before);
}

void SignalHub::open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw Error::exhausted(fmt::format("cannot wait for signals: pipe2: {}", std::strerror(errno)));
  }
  read_end_ = ends[0];
  write_end_ = ends[1];
  epoll_.add(read_end_, *this, EPOLLIN);
}

void SignalHub::restore() noexcept {
  const std::lock_guard state(state_);
  for (const auto& [signal, before] : before_) {
    sigaction(signal, &before, nullptr);
    pipe_of_signal[static_cast<std::size_t>(signal)].store(0);
  }
  before_.clear();
  pending_ = 0;
}

void SignalHub::on_events(std::uint32_t) noexcept {
  const std::lock_guard state(state_);
  char bytes[64];
  const ssize_t size = read(read_end_, bytes, sizeof bytes);
  for (ssize_t i = 0; i < size; ++i) hand_out(bytes[i]);
  waiters_.wake_all();
}

}  // namespace marty::runtime::internal
