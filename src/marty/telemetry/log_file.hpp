// LogFile: a log in files that rotate – app.log, and the older app.log.1, app.log.2 ...
//
//   AsyncSink sink(std::make_unique<LogFile>(LogFileOptions{.path = "logs/app.log", .max_bytes = 64 << 20}));
//
// A file that would grow past max_bytes is renamed first, and a new one begun. Where another program moves it away
// (logrotate), a new one is begun within a second; no signal is needed. At the opening, a last line that a kill has cut
// is taken off, so that a file has whole lines only. A file belongs to one process, which holds a lock (flock) on it.
// Where a new file cannot be begun, the old one goes on.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "marty/telemetry/log_output.hpp"

namespace marty::telemetry {

struct LogFileOptions {
  std::string path;
  std::uint64_t max_bytes = 100 << 20;
  int max_files = 5;  // older ones that are kept; 0: none
};

class LogFile final : public LogOutput {
 public:
  // Opens the file, made where there is none (its folder is not). Throws Error naming the file and what to do.
  explicit LogFile(LogFileOptions options);
  // Throws as the constructor would, and changes nothing: but that no other process writes it is not looked at.
  static void check(const std::string& path);
  ~LogFile() override;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  int descriptor(std::size_t bytes) noexcept override;
  // Of the line without an end that was taken off at the opening.
  std::uint64_t cut_bytes() const noexcept { return cut_bytes_; }

 private:
  struct Opened {
    int descriptor = -1;  // -1: failed, as errno says
    std::uint64_t size = 0;
    std::uint64_t cut = 0;
    dev_t device = 0;
    ino_t inode = 0;
  };
  static Opened open(const std::string& path) noexcept;
  void adopt(const Opened& opened) noexcept;
  bool was_moved() noexcept;
  bool rotate() noexcept;

  const LogFileOptions options_;
  Opened file_;
  std::uint64_t cut_bytes_ = 0;
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace marty::telemetry
