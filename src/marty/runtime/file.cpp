#include "marty/runtime/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/random.hpp"

namespace marty::runtime {
namespace {

// On the World's pool for files; inline on threads without a loop and in the simulated world.
template <class Function>
auto off_the_loop(Function&& function) {
  BlockingPool* const pool = file_pool();
  return pool != nullptr ? pool->run(function) : function();
}

int reason_against_access(const std::filesystem::path& path, int mode) noexcept {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

// As open(2) with O_RDWR | O_CREAT would say.
int reason_against_writing(const std::filesystem::path& path) {
  if (!path.has_filename()) return EISDIR;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return EISDIR;
    return S_ISREG(status.st_mode) ? reason_against_access(path, R_OK | W_OK) : EINVAL;
  }
  if (errno != ENOENT) return errno;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code failure;
  const std::filesystem::path target = std::filesystem::read_symlink(path, failure);
  if (!failure) return reason_against_writing(folder / target);  // would be made where the link points to
  if (::stat(folder.c_str(), &status) != 0) return errno;
  return S_ISDIR(status.st_mode) ? reason_against_access(folder, W_OK | X_OK) : ENOTDIR;
}

Error cannot(const char* doing, const std::string& path, int error) {
  const std::string message = fmt::format("cannot {} {}: {}", doing, path, std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return Error(Code::not_found, message);
    case EACCES:
    case EPERM:
    case EROFS:
      return Error(Code::permission_denied, message);
    default:
      return Error(Code::unavailable, message);
  }
}

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : value_(open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (value_ < 0) throw cannot("open", path, errno);
  }
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }
  int release() noexcept { return std::exchange(value_, -1); }

 private:
  int value_;
};

FileInfo to_info(const struct stat& status) {
  const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return {.size_bytes = static_cast<std::uint64_t>(status.st_size),
          .modified = Timestamp(std::chrono::duration_cast<Timestamp::duration>(modified)),
          .is_regular = S_ISREG(status.st_mode),
          .is_directory = S_ISDIR(status.st_mode),
          .owner = status.st_uid,
          .mode = status.st_mode & 07777u};
}

std::string read_all(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(path, O_RDONLY);
  std::string content;
  constexpr std::size_t kStep = 64 * 1024;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + std::min(kStep - 1, max_bytes - before) + 1);
    const ssize_t size = read(file.get(), content.data() + before, content.size() - before);
    if (size < 0 && errno != EINTR) throw cannot("read", path, errno);
    content.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size == 0) return content;
    if (content.size() > max_bytes) {
      throw Error(Code::out_of_range, fmt::format("{} is larger than the {} bytes that may be read", path, max_bytes));
    }
  }
}

void write_all(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t size = write(file, content.data(), content.size());
    if (size < 0 && errno != EINTR) throw cannot("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
}

void replace_file(const std::string& path, const std::string& temporary, std::string_view content, unsigned mode) {
  try {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    write_all(file.get(), content, temporary);
    if (fsync(file.get()) != 0) throw cannot("write", temporary, errno);
    if (rename(temporary.c_str(), path.c_str()) != 0) throw cannot("replace", path, errno);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

}  // namespace

BlockingPool* file_pool() noexcept {
  internal::Scheduler* const scheduler = internal::Scheduler::current_or_null();
  return scheduler != nullptr ? scheduler->driver().file_pool() : nullptr;
}

FileInfo file_info(const std::filesystem::path& path) {
  return off_the_loop([&] {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) throw cannot("look at", path, errno);
    return to_info(status);
  });
}

int why_unwritable(const std::filesystem::path& path) {
  return off_the_loop([&] { return reason_against_writing(path); });
}

unsigned own_user() noexcept { return geteuid(); }

std::vector<std::string> list_directory(const std::filesystem::path& path) {
  return off_the_loop([&] {
    std::vector<std::string> names;
    std::error_code failure;
    std::filesystem::directory_iterator entries(path, failure);
    for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure))
      names.push_back(entries->path().filename().string());
    if (failure) throw cannot("list", path, failure.value());
    std::ranges::sort(names);
    return names;
  });
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  return off_the_loop([&] { return read_all(path, max_bytes); });
}

void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  const std::string temporary = fmt::format("{}.{:016x}.tmp", path.string(), random_u64());
  off_the_loop([&] { replace_file(path, temporary, content, mode); });
}

File File::open(const std::filesystem::path& path) {
  // A pipe without a writer must not hold us: it is opened, and tells nothing.
  return File(off_the_loop([&] { return Descriptor(path, O_RDONLY | O_NONBLOCK | O_NOCTTY).release(); }));
}

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileInfo File::info() const {
  return off_the_loop([&] {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) throw cannot("look at", "an open file", errno);
    return to_info(status);
  });
}

std::string File::real_path() const {
  return off_the_loop([&] {
    std::error_code failure;
    const auto path = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", descriptor_), failure);
    if (failure) throw cannot("look at", "an open file", failure.value());
    return path.string();
  });
}

std::size_t File::read_at(std::uint64_t offset, std::span<char> buffer) const {
  return off_the_loop([&] {
    for (;;) {
      const ssize_t size = pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) throw cannot("read", "an open file", errno);
    }
  });
}

}  // namespace marty::runtime
