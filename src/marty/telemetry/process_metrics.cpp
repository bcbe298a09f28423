#include "marty/telemetry/process_metrics.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

namespace marty::telemetry {
namespace {

// A file of /proc; "" where there is none. Reading one never waits.
std::string read_proc(const char* path) {
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  std::string text;
  if (descriptor < 0) return text;
  char piece[4096];
  for (ssize_t size; (size = ::read(descriptor, piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(size));
  ::close(descriptor);
  return text;
}

// Field `number` (from 1) of /proc/self/stat: proc(5). The name in field 2 may hold spaces; what follows its ')' does
// not.
double stat_field(int number) {
  const std::string text = read_proc("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::numeric_limits<double>::quiet_NaN();
  std::string_view rest = std::string_view(text).substr(name_end + 2);
  for (int skip = number - 3; skip > 0; --skip) rest.remove_prefix(rest.find(' ') + 1);
  return std::strtod(rest.data(), nullptr);
}

double resident_bytes() { return stat_field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)); }
double virtual_bytes() { return stat_field(23); }

double cpu_seconds(timeval rusage::*mode) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>((usage.*mode).tv_sec) + static_cast<double>((usage.*mode).tv_usec) * 1e-6;
}

double open_descriptors() {
  struct stat info {};
  // Linux 6.2 and later tell the number as the size of the folder; before, it is 0.
  if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) return static_cast<double>(info.st_size);
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return std::numeric_limits<double>::quiet_NaN();
  int entries = 0;
  while (::readdir(folder) != nullptr) ++entries;
  ::closedir(folder);
  return entries - 3;  // ".", ".." and the folder's own descriptor
}

double max_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// From /proc/self/status, as the kernel counts it. glibc's mallinfo2() knows more, but walks through every free block
// with its arena locked: tens of milliseconds in a heap with many of them.
double anonymous_bytes() {
  const std::string text = read_proc("/proc/self/status");
  const std::size_t line = text.find("\nRssAnon:");
  if (line == std::string::npos) return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(text.c_str() + line + 9, nullptr) * 1024;  // in kB, which are KiB
}

// Seconds since 1970: when the machine started, and how long after that this process did. NaN where /proc does not
// tell, as in some sandboxes: no reason not to start.
double start_seconds() {
  const std::string text = read_proc("/proc/stat");
  const std::size_t boot = text.find("\nbtime ");
  if (boot == std::string::npos) return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(text.c_str() + boot + 7, nullptr) + stat_field(22) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessMetrics::ProcessMetrics(Metrics& metrics) {
  const auto gauge = [&](std::string_view name, std::string_view help, double (*read)()) {
    observations_.push_back(metrics.observable_gauge(name, help, {}, read));
  };
  gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory.", virtual_bytes);
  gauge("process_open_fds", "Open file descriptors.", open_descriptors);
  gauge("process_max_fds", "The most file descriptors this process may open.", max_descriptors);
  gauge("mmf_anonymous_memory_bytes", "Resident memory that is of no file: heap and stacks.", anonymous_bytes);
  metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.").set(start_seconds());
  const auto count_cpu = [&](const char* mode, timeval rusage::*time) {
    observations_.push_back(metrics.observable_counter("process_cpu_seconds_total", "User and system processor time.",
                                                       {{"cpu.mode", mode}}, [time] { return cpu_seconds(time); }));
  };
  count_cpu("user", &rusage::ru_utime);
  count_cpu("system", &rusage::ru_stime);
}

}  // namespace marty::telemetry
