// LogSink: where log lines go. A line arrives whole, with its newline, from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace marty::telemetry {

// What a sink does with a line that finds no room, as whoever reads the lines is slow: counts it as dropped, or makes
// its writer wait.
enum class OnFull : std::uint8_t { drop, wait };

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view line) noexcept = 0;
  // Returns when what was written is out; a sink that keeps nothing back has nothing to do.
  virtual void flush() noexcept {}
  // Lines that could not be written so far: never silently.
  virtual std::uint64_t dropped() const noexcept { return 0; }
  // Counts a line that there was no memory for to write it down.
  virtual void count_dropped() noexcept {}
};

// A file descriptor: standard output, a file, a pipe. One write(2) a line; lines of several threads never mix. A full
// pipe that does not block (EAGAIN) or is closed (EPIPE; the process has to ignore SIGPIPE) drops the line and counts
// it; a line that was begun is finished first. Does not own the descriptor.
class DescriptorSink final : public LogSink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
  void write(std::string_view line) noexcept override;
  std::uint64_t dropped() const noexcept override { return dropped_.load(std::memory_order_relaxed); }
  void count_dropped() noexcept override { dropped_.fetch_add(1, std::memory_order_relaxed); }

 private:
  bool write_some(std::string_view& text) noexcept;
  void keep(std::string_view rest) noexcept;

  const int descriptor_;
  std::mutex mutex_;
  std::string begun_;  // the rest of a line whose beginning is out
  std::atomic<std::uint64_t> dropped_{0};
};

// Keeps every line, for tests.
class RecordingSink final : public LogSink {
 public:
  void write(std::string_view line) noexcept override;
  std::uint64_t dropped() const noexcept override { return dropped_.load(std::memory_order_relaxed); }
  void count_dropped() noexcept override { dropped_.fetch_add(1, std::memory_order_relaxed); }
  std::vector<std::string> lines() const;  // without their newlines
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace marty::telemetry
