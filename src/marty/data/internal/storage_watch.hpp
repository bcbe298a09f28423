// StorageWatch: whether writes find room in the database's storage, known from the writes themselves: nothing is
// written to find it out, and a success costs a look at a flag.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "marty/base/error.hpp"

namespace marty::data::internal {

class StorageWatch {
 public:
  // A write went well that has been committed.
  void worked() noexcept {
    if (failing_.load(std::memory_order_relaxed)) failing_.store(false, std::memory_order_relaxed);
  }
  // Of any error: those with status 507 (RFC 4918 section 11.5) count.
  void failed(const Error& error) {
    if (error.http_status() != 507) return;
    const std::lock_guard lock(mutex_);
    failure_ = error.message();
    failing_.store(true, std::memory_order_relaxed);
  }
  // The message of the last failure; "": none since the last success.
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failing_.load(std::memory_order_relaxed) ? failure_ : std::string();
  }

 private:
  std::atomic<bool> failing_ = false;
  mutable std::mutex mutex_;
  std::string failure_;  // guarded by mutex_
};

}  // namespace marty::data::internal
