// AsyncSink: a log line costs whoever writes it a copy; a thread of the sink's own brings it out.
//
//   AsyncSink sink(std::make_unique<DescriptorOutput>(STDOUT_FILENO));
//   Logging logging({.service = "petstore"}, sink);
//
// Lines wait in memory, at most about 2 ms. They get out when the process ends by exit(), by a return from main or
// by quick_exit(), and when it dies of SIGABRT, SIGSEGV, SIGBUS, SIGFPE or SIGILL: a handler lets the sink's thread
// finish, for at most a second, and passes on to the handler of before. What kill -9 and _exit() leave behind ends with
// a whole line on a pipe (of lines up to PIPE_BUF, 4 KiB); LogFile repairs a file.
//
// A reader that is slower than the writers slows nobody down: with 1 MiB waiting, writers wait for room for 5 ms of
// each second, all together, and then lines are dropped and counted. With OnFull::wait they wait as long as the
// descriptor takes bytes, so that nothing is lost; only once it has taken none for 200 ms, lines are dropped then.
// Counted as dropped are also lines over 1 MiB, and what a full disk or a closed pipe refuses. A forked child writes
// its lines by itself, directly.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "marty/telemetry/log_output.hpp"
#include "marty/telemetry/log_sink.hpp"
#include "marty/telemetry/patience.hpp"

namespace marty::telemetry {

namespace internal {
struct LivingSinks;

// For some instructions at a time. Knows who holds it: a signal handler may interrupt the holder.
class SpinLock {
 public:
  void lock() noexcept;
  void unlock() noexcept { holder_.store(nullptr, std::memory_order_release); }
  bool held_by_this_thread() const noexcept;

 private:
  std::atomic<const void*> holder_{nullptr};
};
}  // namespace internal

class AsyncSink final : public LogSink {
 public:
  static constexpr std::size_t kBufferBytes = 1 << 20;

  // Throws Error(resource_exhausted) where 64 sinks live.
  explicit AsyncSink(std::unique_ptr<LogOutput> output, OnFull on_full = OnFull::drop);
  ~AsyncSink() override;  // what is there gets out, unless the descriptor takes nothing for a second

  void write(std::string_view line) noexcept override;
  void flush() noexcept override;  // returns early where the descriptor is stuck
  std::uint64_t dropped() const noexcept override { return dropped_.load(std::memory_order_relaxed); }
  void count_dropped() noexcept override { dropped_.fetch_add(1, std::memory_order_relaxed); }

 private:
  friend struct internal::LivingSinks;
  enum class Writer : std::uint8_t { idle, gathering, writing };  // what the thread does
  struct Buffer {
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kBufferBytes);
    std::size_t size = 0;
  };

  bool append(std::string_view line) noexcept;
  bool wait_for_room() noexcept;
  bool stuck(std::int64_t longer_than_ns) const noexcept;
  void hurry() noexcept;
  void flush_in_crash() noexcept;
  void become_child() noexcept;
  // of the thread
  void run() noexcept;
  Writer next() noexcept;
  bool wait_for_lines() noexcept;
  std::string_view swap() noexcept;
  void bring_out(std::string_view lines) noexcept;
  void write_piece(std::string_view piece) noexcept;
  void keep(std::string_view rest) noexcept;
  bool write_all(std::string_view& bytes) noexcept;
  bool writable() const noexcept;
  void drop(std::string_view lines) noexcept;

  const std::unique_ptr<LogOutput> output_;
  const OnFull on_full_;
  Patience patience_;

  alignas(64) internal::SpinLock lock_;
  Buffer filling_;                          // guarded by lock_
  Writer writer_ = Writer::idle;            // guarded by lock_
  std::atomic<std::uint64_t> accepted_{0};  // bytes; written under lock_
  std::atomic<bool> forked_{false};

  alignas(64) sem_t wake_;
  std::atomic<bool> hurry_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> abandoned_{false};
  std::atomic<std::uint64_t> finished_{0};      // bytes of those accepted that are out, or dropped
  std::atomic<std::uint64_t> dropped_{0};       // lines
  std::atomic<std::int64_t> waiting_since_{0};  // ns; 0: the descriptor is not waited for
  // of the thread alone
  Buffer writing_;
  std::string begun_;  // the rest of a line whose beginning is out
  int descriptor_ = -1;
  bool is_file_ = false;
  std::thread thread_;  // tidy:allow(thread): lines get out before, after and outside of any world
};

}  // namespace marty::telemetry
