#include "marty/runtime/file_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
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

// What may happen to an entry on the way to something.
constexpr std::uint32_t kEntry = IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;
// To a file, whose content counts as well.
constexpr std::uint32_t kFile = kEntry | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;
constexpr std::uint32_t kInFolder = kFile | IN_DELETE_SELF | IN_MOVE_SELF;

constexpr int kMaxLinks = 40;              // on one way, as path_resolution(7) has it: more are a loop
constexpr std::size_t kMaxFolders = 1024;  // where links lead, all in all

}  // namespace

class FileWatch::State final : public internal::EpollSource {
 public:
  State(std::vector<fs::path> folders, FileWatchOptions chosen)
      : options(chosen), scheduler_(internal::Scheduler::current()), epoll_(scheduler_.driver().epoll()) {
    for (fs::path& folder : folders) folders_.push_back(fs::absolute(folder));
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
    bool all = false;             // entries count
    std::set<std::string> names;  // that count, where not all do
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

  // Each folder, the way to it, and the ways to what its links lead to, as far as they are there. What is on none of
  // them any more, as the release of before, is let go. Asking for what is watched already changes nothing.
  void arm() {
    if (descriptor_ < 0) return;
    const std::map<int, Watch> before = std::exchange(watches_, {});
    for (const fs::path& folder : folders_) watch_folder(follow(folder, kEntry));
    for (const auto& [watch, names] : before) {
      if (!watches_.contains(watch)) inotify_rm_watch(descriptor_, watch);
    }
  }

  void watch_folder(const fs::path& folder) {
    if (Watch* watch = add(folder, kInFolder)) watch->all = true;
    std::error_code failure;  // what cannot be looked at cannot be watched either
    for (fs::directory_iterator entry(folder, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure)) {
      std::error_code gone;
      if (entry->is_symlink(gone)) follow(entry->path(), kFile);
    }
  }

  // Watches, in every folder that an absolute path leads through, the entry that it takes there, links' own ways
  // included; up to where it leads, which is returned, or to what is missing. `events` are of the last entry. A folder
  // is watched before its entry is looked at: a change in between is told.
  fs::path follow(const fs::path& path, std::uint32_t events) {
    fs::path at;
    std::deque<fs::path> rest(path.begin(), path.end());
    for (int links = 0; !rest.empty();) {
      const fs::path name = std::move(rest.front());
      rest.pop_front();
      if (name.is_absolute() || name == "..") {
        at = name.is_absolute() ? name : at.parent_path();  // of no link: `at` has none in it
        continue;
      }
      if (name.empty() || name == ".") continue;
      if (Watch* watch = add(at, rest.empty() ? events : kEntry)) watch->names.insert(name.string());
      at /= name;
      std::error_code no_link;
      const fs::path target = fs::read_symlink(at, no_link);
      if (no_link) continue;
      if (++links > kMaxLinks) break;
      at = at.parent_path();
      rest.insert(rest.begin(), target.begin(), target.end());
    }
    return at;
  }

  // Null where there is no such folder, or none that may be looked at.
  Watch* add(const fs::path& folder, std::uint32_t events) {
    const int watch =
        inotify_add_watch(descriptor_, folder.c_str(), events | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_ADD);
    if (watch < 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENAMETOOLONG || errno == ELOOP)
        return nullptr;
      throw exhausted(folder.c_str(), errno);
    }
    Watch& entry = watches_[watch];
    if (watches_.size() > kMaxFolders) {
      throw Error::exhausted(
          fmt::format("cannot watch files: their links lead through more than {} folders, the last of them {}; keep "
                      "what they lead to in fewer",
                      kMaxFolders, folder.string()));
    }
    return &entry;
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
    const bool overflow = (event.mask & IN_Q_OVERFLOW) != 0;
    const auto watch = watches_.find(event.wd);
    if (watch == watches_.end() && !overflow) return false;  // let go of, before this was read
    if ((event.mask & IN_IGNORED) != 0) {
      watches_.erase(watch);
      return changed_ = happened_ = true;
    }
    if (!overflow && !watch->second.all && !watch->second.names.contains(name)) return false;
    const auto file = std::pair(event.wd, name);
    if ((event.mask & IN_MODIFY) != 0) writing_.insert(file);
    if ((event.mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM)) != 0) writing_.erase(file);
    if (overflow) writing_.clear();
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
