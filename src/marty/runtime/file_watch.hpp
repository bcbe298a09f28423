// FileWatch: tells that the files of some folders changed, once they have settled: written to their end, renamed over
// the old ones, or swapped by a symbolic link, as Kubernetes does it with its volumes and deployments with releases.
//
//   FileWatch watch({"config", "config/plugins"});
//   for (;;) {
//     watch.wait();        // a change, after which nothing happened for 50 ms and nobody is in the middle of writing
//     read_files();
//   }
//
// Links are followed, those on the way to a folder and those in it, to their end: whatever is changed there, or on the
// way, is told, as is what comes where a link still leads to nothing. At most 1024 folders are looked at for that.
//
// A folder that is not there counts as empty until it is; so does one whose place is taken by another. Looks at the
// folders' own entries, not below them. Uses inotify(7), which tells nothing of what other machines do to a shared file
// system. For one fiber, on one loop. In the simulated world nothing ever changes.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

struct FileWatchOptions {
  Duration quiet = std::chrono::milliseconds(50);  // how long nothing must have happened
  Duration patience = std::chrono::seconds(2);     // beyond it a change is told although more of them come
};

class FileWatch {
 public:
  // Throws Error(resource_exhausted) where the system has no watch left, or links lead to too many folders, with what
  // to do about it.
  explicit FileWatch(std::vector<std::filesystem::path> folders, FileWatchOptions options = {});
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Throws as the constructor does, as what is new is followed, too.
  void wait();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::runtime
