#include "marty/runtime/file_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kInFolder = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// Of the folder above: whether another one takes the place.
constexpr std::uint32_t kAbove = IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;

}  // namespace

class FileWatch::State final : public internal::EpollSource {
 public:
  State(std::vector<fs::path> folders, FileWatchOptions chosen)
      : options(chosen), scheduler_(internal::Scheduler::current()), epoll_(scheduler_.driver().epoll()) {
    for (fs::path& folder : folders) folders_.push_back(fs::absolute(folder).lexically_normal());
    if (epoll_ == nullptr) return;
    descriptor_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor_ < 0) throw exhausted("inotify_init1", errno);
    try {
      epoll_->add(descriptor_, *this, EPOLLIN | EPOLLET);
      arm();
    } catch (...) {
      close_descriptor();
      throw;
    }
  }
  ~State() { close_descriptor(); }

  void wait() {
    while (!changed_) park(kNever);
    const TimePoint latest = after(options.patience);
    // Each further event starts the quiet time anew; a file that is being written keeps it from starting.
    do {
      happened_ = false;
      park(std::min(latest, writing_.empty() ? after(options.quiet) : kNever));
    } while ((happened_ || !writing_.empty()) && now() < latest);
    changed_ = happened_ = false;
    writing_.clear();
    arm();  // what took the place of something is watched from now on
  }

  void on_events(std::uint32_t) noexcept override {
    if (descriptor_ >= 0 && read_events() && waiter_ != nullptr) scheduler_.wake(*waiter_);
  }

  const FileWatchOptions options;

 private:
  struct Watch {
    std::set<std::string> names;  // that count; empty: all
  };

  static Error exhausted(const char* doing, int error) {
    const bool limit = error == ENOSPC || error == EMFILE;
    return Error::exhausted(
        fmt::format("cannot watch files: {}: {}{}", doing, std::strerror(error),
                    limit ? " (raise the limits fs.inotify.max_user_watches and max_user_instances)" : ""));
  }

  void close_descriptor() noexcept {
    if (descriptor_ < 0) return;
    epoll_->remove(descriptor_, *this);
    close(std::exchange(descriptor_, -1));
  }

  // The fiber waits until an event, or that time.
  void park(TimePoint until) {
    if (happened_) return;
    waiter_ = scheduler_.current_fiber();
    const internal::Wake wake = scheduler_.wait(until);
    waiter_ = nullptr;
    if (wake == internal::Wake::notified || (wake == internal::Wake::timeout && now() >= until)) return;
    scheduler_.throw_interrupted(wake, "watching files");
  }

  // Each folder, as far as it is there, and what is above it. Asking for what is watched already changes nothing.
  void arm() {
    if (descriptor_ < 0) return;
    for (const fs::path& folder : folders_) {
      add(folder, kInFolder, "");
      // A link's own place, and that of the folder.
      for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
        add(at.parent_path(), kAbove, at.filename().string());
        std::error_code ignored;  // what cannot be looked at cannot be watched either
        if (fs::is_directory(at.parent_path(), ignored)) break;
      }
    }
  }

  void add(const fs::path& folder, std::uint32_t events, const std::string& name) {
    const int watch = inotify_add_watch(descriptor_, folder.c_str(), events | IN_MASK_ADD);
    if (watch < 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return;
      throw exhausted(folder.c_str(), errno);
    }
    const auto [entry, added] = watches_.try_emplace(watch);
    if (name.empty())
      entry->second.names.clear();
    else if (added || !entry->second.names.empty())
      entry->second.names.insert(name);
  }

  // True where something happened that counts.
  bool read_events() noexcept {
    alignas(inotify_event) char buffer[16 * 1024];
    bool counts = false;
    for (;;) {
      const ssize_t size = read(descriptor_, buffer, sizeof buffer);
      if (size <= 0) return counts;
      for (const char* at = buffer; at < buffer + size;) {
        const auto& event = *reinterpret_cast<const inotify_event*>(at);
        counts |= take(event);
        at += sizeof(inotify_event) + event.len;
      }
    }
  }

  bool take(const inotify_event& event) {
    const std::string name = event.len != 0 ? event.name : "";
    if ((event.mask & IN_IGNORED) != 0) return watches_.erase(event.wd), true;
    const auto watch = watches_.find(event.wd);
    if (watch != watches_.end() && !watch->second.names.empty() && !watch->second.names.contains(name)) return false;
    const auto file = std::pair(event.wd, name);
    if ((event.mask & IN_MODIFY) != 0) writing_.insert(file);
    if ((event.mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM)) != 0) writing_.erase(file);
    if ((event.mask & IN_Q_OVERFLOW) != 0) writing_.clear();
    return changed_ = happened_ = true;
  }

  internal::Scheduler& scheduler_;
  internal::Epoll* const epoll_;
  int descriptor_ = -1;
  std::vector<fs::path> folders_;
  std::map<int, Watch> watches_;
  std::set<std::pair<int, std::string>> writing_;  // by watch and name: modified, and not closed yet
  Fiber* waiter_ = nullptr;
  bool changed_ = false;   // since wait() last returned
  bool happened_ = false;  // since it last looked
};

FileWatch::FileWatch(std::vector<fs::path> folders, FileWatchOptions options)
    : state_(std::make_unique<State>(std::move(folders), options)) {}
FileWatch::~FileWatch() = default;

void FileWatch::wait() { state_->wait(); }

}  // namespace marty::runtime
