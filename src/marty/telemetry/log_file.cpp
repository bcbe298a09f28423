#include "marty/telemetry/log_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/runtime/file.hpp"

namespace marty::telemetry {
namespace {

constexpr std::chrono::seconds kLookInterval(1);

// The machine's time: files are moved in the real world only.
std::chrono::steady_clock::time_point steady_now() noexcept {
  return std::chrono::steady_clock::now();  // tidy:allow(clock)
}

// Where the last whole line ends.
off_t end_of_lines(int descriptor, off_t size) noexcept {
  char block[4096];
  while (size > 0) {
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(sizeof block));
    const ssize_t read = ::pread(descriptor, block, static_cast<std::size_t>(size - from), from);
    if (read != size - from) return -1;
    if (const void* found = ::memrchr(block, '\n', static_cast<std::size_t>(read)))
      return from + (static_cast<const char*>(found) - block) + 1;
    size = from;
  }
  return 0;
}

std::string advice(int failure) {
  switch (failure) {
    case ENOENT:
    case ENOTDIR:
      return "make its folder, or correct logging.file.path";
    case EWOULDBLOCK:
      return "another process writes it; give each process a logging.file.path of its own";
    case EINVAL:
      return "it is no file; correct logging.file.path";
    default:
      return "let this user write it, or correct logging.file.path";
  }
}

[[noreturn]] void refuse(const std::string& path, int failure) {
  throw Error(Code::failed_precondition,
              "cannot write the log file " + path + ": " + std::strerror(failure) + ": " + advice(failure));
}

}  // namespace

void LogFile::check(const std::string& path) {
  if (const int failure = runtime::why_unwritable(path); failure != 0) refuse(path, failure);
}

LogFile::LogFile(LogFileOptions options) : options_(std::move(options)), file_(open(options_.path)) {
  if (const int failure = errno; file_.descriptor < 0) refuse(options_.path, failure);
  cut_bytes_ = file_.cut;
  looked_at_ = steady_now();
}

LogFile::~LogFile() { ::close(file_.descriptor); }

LogFile::Opened LogFile::open(const std::string& path) noexcept {
  constexpr mode_t kMode = 0640;
  Opened opened;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (descriptor < 0) return opened;
  const auto fail = [&](int failure) {
    ::close(descriptor);
    errno = failure;
    return opened;
  };
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail(errno);
  if (!S_ISREG(status.st_mode)) return fail(EINVAL);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return fail(errno);
  const off_t end = end_of_lines(descriptor, status.st_size);
  if (end < 0 || (end != status.st_size && ::ftruncate(descriptor, end) != 0)) return fail(errno);
  return {descriptor, static_cast<std::uint64_t>(end), static_cast<std::uint64_t>(status.st_size - end), status.st_dev,
          status.st_ino};
}

void LogFile::adopt(const Opened& opened) noexcept {
  if (opened.descriptor < 0) return;
  ::close(file_.descriptor);
  file_ = opened;
}

int LogFile::descriptor(std::size_t bytes) noexcept {
  if (was_moved()) adopt(open(options_.path));
  if (file_.size > 0 && file_.size + bytes > options_.max_bytes && rotate()) adopt(open(options_.path));
  file_.size += bytes;
  return file_.descriptor;
}

bool LogFile::was_moved() noexcept {
  const auto now = steady_now();
  if (now - looked_at_ < kLookInterval) return false;
  looked_at_ = now;
  struct stat status {};
  if (::stat(options_.path.c_str(), &status) != 0) return errno == ENOENT;
  return status.st_dev != file_.device || status.st_ino != file_.inode;
}

// False where the file stands where it stood.
bool LogFile::rotate() noexcept {
  const auto numbered = [this](int number) {
    return number == 0 ? options_.path : options_.path + "." + std::to_string(number);
  };
  if (options_.max_files == 0) return ::unlink(options_.path.c_str()) == 0;
  for (int number = options_.max_files; number > 1; --number)
    ::rename(numbered(number - 1).c_str(), numbered(number).c_str());  // some are not there yet
  if (::rename(options_.path.c_str(), numbered(1).c_str()) == 0) return true;
  file_.size = 0;  // another attempt when as much again is written, not with every piece
  return false;
}

}  // namespace marty::telemetry
