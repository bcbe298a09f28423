// Reloadable: what a context made of its files, replaced as a whole. Handshakes under way keep the one that they began
// with. For all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace marty::tls::internal {

template <class Snapshot>
class Reloadable {
 public:
  std::shared_ptr<const Snapshot> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  // Reading files waits, so two fibers may do it at once: begin() before, and of the two results the one that was begun
  // later stays, whichever is done first.
  std::uint64_t begin() {
    const std::lock_guard lock(mutex_);
    return ++begun_;
  }
  void replace(std::shared_ptr<const Snapshot> next, std::uint64_t begun) {
    const std::lock_guard lock(mutex_);
    if (begun < of_current_) return;
    of_current_ = begun;
    current_.swap(next);  // the old one is destroyed by the caller's fiber, behind the lock
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_;
  std::uint64_t begun_ = 0;
  std::uint64_t of_current_ = 0;
};

}  // namespace marty::tls::internal
