#include "marty/telemetry/async_sink.hpp"

#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <system_error>

#include "marty/base/error.hpp"
#include "marty/telemetry/internal/living_sinks.hpp"

namespace marty::telemetry {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;  // ns, as all times here
constexpr std::int64_t kGather = 2 * kMillisecond;
constexpr std::int64_t kStuck = 200 * kMillisecond;
constexpr std::int64_t kPatience = 1000 * kMillisecond;  // at the end of the sink or of the process
constexpr std::int64_t kPause = kMillisecond / 10;
constexpr std::int64_t kWaitASecond = 5 * kMillisecond;  // for room, on threads that serve requests

constexpr std::size_t kBatchBytes = 64 * 1024;  // worth a write without gathering
constexpr std::size_t kFilePiece = 64 * 1024;   // bounds what a rotated file is off its size by
constexpr std::size_t kPipePiece = PIPE_BUF;    // goes into a pipe whole or not at all

// The machine's: a world may be simulated, or not be there at all.
std::int64_t machine_now() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();  // tidy:allow(clock)
}

void pause_thread() noexcept {
  const timespec time{.tv_sec = 0, .tv_nsec = kPause};
  ::nanosleep(&time, nullptr);  // tidy:allow(sleep): of a thread that cannot go on, whatever the world
}

// As much of `lines` as fits, up to the end of a line; at least one line.
std::string_view first_lines(std::string_view lines, std::size_t bytes) noexcept {
  if (lines.size() <= bytes) return lines;
  std::size_t end = lines.rfind('\n', bytes - 1);
  if (end == std::string_view::npos) end = lines.find('\n', bytes);
  return lines.substr(0, end == std::string_view::npos ? end : end + 1);
}

thread_local const char this_thread_mark = 0;

}  // namespace

void internal::SpinLock::lock() noexcept {
  constexpr int kSpins = 100;
  for (int spins = 0;; ++spins) {
    const void* nobody = nullptr;
    if (holder_.load(std::memory_order_relaxed) == nullptr &&
        holder_.compare_exchange_weak(nobody, &this_thread_mark, std::memory_order_acquire, std::memory_order_relaxed))
      return;
    if (spins >= kSpins) ::sched_yield();
  }
}

bool internal::SpinLock::held_by_this_thread() const noexcept {
  return holder_.load(std::memory_order_relaxed) == &this_thread_mark;
}

AsyncSink::AsyncSink(std::unique_ptr<LogOutput> output, OnFull on_full)
    : output_(std::move(output)), on_full_(on_full), patience_(kWaitASecond) {
  ::sem_init(&wake_, 0, 0);
  internal::LivingSinks::add(*this);
  try {
    thread_ = std::thread([this] { run(); });  // tidy:allow(thread)
  } catch (const std::system_error& error) {
    internal::LivingSinks::remove(*this);
    throw Error::exhausted(std::string("cannot start the thread that writes the log: ") + error.what() +
                           "; allow the process more memory (ulimit -v, the container's limit) or threads (ulimit -u)");
  } catch (...) {
    internal::LivingSinks::remove(*this);
    throw;
  }
}

AsyncSink::~AsyncSink() {
  if (forked_) {
    thread_.detach();  // it is the parent's
  } else {
    stopping_ = true;
    hurry();
    while (finished_ < accepted_ && !stuck(kPatience)) pause_thread();
    abandoned_ = finished_ < accepted_;
    thread_.join();
  }
  internal::LivingSinks::remove(*this);
  ::sem_destroy(&wake_);
}

void AsyncSink::write(std::string_view line) noexcept {
  if (forked_.load(std::memory_order_relaxed)) return DescriptorSink(output_->descriptor(line.size())).write(line);
  while (!append(line)) {
    if (line.size() > kBufferBytes || !wait_for_room()) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
}

// For a moment; false where it is not worth it. Whoever writes may be serving requests.
bool AsyncSink::wait_for_room() noexcept {
  if (stuck(kStuck)) return false;
  if (on_full_ == OnFull::wait) return pause_thread(), true;
  const std::int64_t before = machine_now();
  if (!patience_.left(before)) return false;
  pause_thread();
  patience_.spend(machine_now() - before);
  return true;
}

// False where there is no room.
bool AsyncSink::append(std::string_view line) noexcept {
  bool wake = false;
  {
    const std::lock_guard lock(lock_);
    if (filling_.size + line.size() > kBufferBytes) return false;
    std::memcpy(filling_.bytes.get() + filling_.size, line.data(), line.size());
    std::atomic_signal_fence(std::memory_order_release);  // a crash during the copy leaves whole lines
    filling_.size += line.size();
    accepted_.store(accepted_.load(std::memory_order_relaxed) + line.size());
    if (writer_ == Writer::idle) {
      writer_ = Writer::gathering;
      wake = true;
    } else if (writer_ == Writer::gathering && filling_.size > kBufferBytes / 2) {
      writer_ = Writer::writing;
      wake = true;
    }
  }
  if (wake) ::sem_post(&wake_);
  return true;
}

bool AsyncSink::stuck(std::int64_t longer_than_ns) const noexcept {
  const std::int64_t since = waiting_since_.load(std::memory_order_relaxed);
  return since != 0 && machine_now() - since > longer_than_ns;
}

void AsyncSink::hurry() noexcept {
  hurry_ = true;
  ::sem_post(&wake_);
}

void AsyncSink::flush() noexcept {
  if (forked_) return;
  const std::uint64_t target = accepted_;
  if (finished_ >= target) return;
  hurry();
  while (finished_ < target && !stuck(kStuck)) pause_thread();
}

// Async-signal-safe. Another thread crashes together with ours, or goes on: the sink's thread serves all.
void AsyncSink::flush_in_crash() noexcept {
  if (forked_) return;
  if (lock_.held_by_this_thread()) lock_.unlock();  // for good: nobody returns to the line that was interrupted
  const std::uint64_t target = accepted_;
  const std::int64_t end = machine_now() + kPatience;
  hurry();
  while (finished_ < target && machine_now() < end) pause_thread();
}

// What waits is the parent's, which brings it out.
void AsyncSink::become_child() noexcept {
  lock_.unlock();
  filling_.size = 0;
  forked_ = true;
}

void AsyncSink::run() noexcept {
  // SIGPIPE becomes EPIPE, and signals to the process go to the threads that they are meant for. A fault of ours
  // cannot be helped: blocked, it ends the process at once.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_NAME, "marty-log");
  while (wait_for_lines()) bring_out(swap());
}

AsyncSink::Writer AsyncSink::next() noexcept {
  const std::lock_guard lock(lock_);
  if (filling_.size == 0) return writer_ = Writer::idle;
  return writer_ = filling_.size >= kBatchBytes || hurry_ ? Writer::writing : Writer::gathering;
}

// False at the end.
bool AsyncSink::wait_for_lines() noexcept {
  for (;;) {
    switch (next()) {
      case Writer::idle:
        if (stopping_) return false;
        ::sem_wait(&wake_);
        break;
      case Writer::gathering: {
        timespec until{};
        const std::int64_t time = machine_now() + kGather;
        until.tv_sec = time / (1000 * kMillisecond);
        until.tv_nsec = time % (1000 * kMillisecond);
        ::sem_clockwait(&wake_, CLOCK_MONOTONIC, &until);
        return true;
      }
      case Writer::writing:
        return true;
    }
  }
}

std::string_view AsyncSink::swap() noexcept {
  const std::lock_guard lock(lock_);
  hurry_ = false;
  writing_.size = 0;
  std::swap(filling_, writing_);
  writer_ = Writer::writing;
  return {writing_.bytes.get(), writing_.size};
}

void AsyncSink::bring_out(std::string_view lines) noexcept {
  while (!lines.empty()) {
    const std::string_view piece = first_lines(lines, is_file_ ? kFilePiece : kPipePiece);
    if (begun_.empty()) {
      descriptor_ = output_->descriptor(piece.size());
      struct stat status {};
      is_file_ = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    }
    write_piece(piece);
    lines.remove_prefix(piece.size());
    finished_.fetch_add(piece.size());
  }
}

void AsyncSink::write_piece(std::string_view piece) noexcept {
  if (!begun_.empty()) {
    std::string_view rest = begun_;
    const bool done = write_all(rest);
    begun_.erase(0, begun_.size() - rest.size());
    if (!done) return drop(piece);
  }
  std::string_view rest = piece;
  if (write_all(rest)) return;
  if (rest.size() < piece.size() && rest.data()[-1] != '\n') {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    keep(line);
    rest.remove_prefix(line.size());
  }
  drop(rest);
}

// Where there is no memory for the rest of a line, it ends there: the next one begins anew.
void AsyncSink::keep(std::string_view rest) noexcept {
  try {
    begun_.assign(rest);
  } catch (const std::bad_alloc&) {
    begun_.assign(1, '\n');  // fits without memory of its own
    count_dropped();
  }
}

// Takes off `bytes` what the descriptor took; false where it refuses the rest.
bool AsyncSink::write_all(std::string_view& bytes) noexcept {
  waiting_since_ = machine_now();
  while (!bytes.empty() && !abandoned_) {
    if (!is_file_ && !writable()) continue;
    const ssize_t written =
        ::write(descriptor_, bytes.data(), is_file_ ? bytes.size() : std::min(bytes.size(), kPipePiece));
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      waiting_since_ = machine_now();
    } else if (errno != EINTR && errno != EAGAIN) {
      break;
    }
  }
  waiting_since_ = 0;
  return bytes.empty();
}

// Waits for a moment. A pipe that poll calls writable takes PIPE_BUF bytes: no write of ours blocks in the kernel,
// where an end of the sink could not call it back.
bool AsyncSink::writable() const noexcept {
  constexpr int kMoment_ms = 50;
  pollfd wanted{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, kMoment_ms) != 0;  // tidy:allow(socket): of a thread without a loop
}

void AsyncSink::drop(std::string_view lines) noexcept {
  dropped_.fetch_add(static_cast<std::uint64_t>(std::ranges::count(lines, '\n')), std::memory_order_relaxed);
}

}  // namespace marty::telemetry
