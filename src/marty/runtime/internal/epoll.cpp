#include "marty/runtime/internal/epoll.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/system_call.hpp"

namespace marty::runtime::internal {
namespace {

[[noreturn]] void throw_exhausted(const char* call) {
  throw Error::exhausted(fmt::format("cannot start an event loop: {}: {}; raise the limit of open files (ulimit -n)",
                                     call, std::strerror(errno)));
}

// Brings a source of the next event (two cache lines) near while this one is told: with many connections it is cold.
void prefetch(const void* source) {
  __builtin_prefetch(source);
  __builtin_prefetch(static_cast<const char*>(source) + 64);
}

}  // namespace

Epoll::Epoll() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) {
  if (descriptor_ < 0) throw_exhausted("epoll_create1");
  wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (wake_descriptor_ < 0 || epoll_ctl(descriptor_, EPOLL_CTL_ADD, wake_descriptor_, &event) != 0) {
    const int reason = errno;
    if (wake_descriptor_ >= 0) close(wake_descriptor_);
    close(descriptor_);
    errno = reason;
    throw_exhausted("eventfd");
  }
}

Epoll::~Epoll() {
  close(wake_descriptor_);
  close(descriptor_);
}

void Epoll::add(int descriptor, EpollSource& source, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  if (epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw Error::exhausted(fmt::format("cannot watch a socket: epoll_ctl: {}; raise fs.epoll.max_user_watches (sysctl)",
                                       std::strerror(errno)));
  }
}

void Epoll::change(int descriptor, EpollSource& source, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &event);
}

void Epoll::remove(int descriptor, EpollSource& source) noexcept {
  epoll_ctl(descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
  forget(source);
}

void Epoll::forget(EpollSource& source) noexcept {
  for (int i = told_; i < found_; ++i) {
    if (events_[i].data.ptr == &source) events_[i].data.ptr = nullptr;
  }
  std::erase(deferred_, &source);
  std::replace(telling_.begin(), telling_.end(), &source, static_cast<EpollSource*>(nullptr));
}

void Epoll::poll(TimePoint until, TimePoint now) {
  found_ = wait(deferred_.empty() ? until : TimePoint::min(), now);
  told_ = 0;
}

int Epoll::wait(TimePoint until, TimePoint now) noexcept {
  timespec timeout{};
  if (until > now && until != kNever) {
    const Duration rest = until - now;
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(rest).count();
    timeout.tv_nsec = (rest % std::chrono::seconds(1)).count();
  }
  int found = -1;
  if (exact_) {
    found = wait_for_events(descriptor_, events_, kBatch, until == kNever ? nullptr : &timeout);
    // Linux before 5.11, or a container whose rules are older than the call.
    exact_ = found >= 0 || (errno != ENOSYS && errno != EPERM);
  }
  if (!exact_) {  // milliseconds, rounded up
    const auto ms =
        std::min<std::int64_t>(timeout.tv_sec * std::int64_t{1000} + (timeout.tv_nsec + 999'999) / 1'000'000, INT_MAX);
    found = epoll_wait(descriptor_, events_, kBatch, until == kNever ? -1 : static_cast<int>(ms));
  }
  MARTY_CHECK(found >= 0 || errno == EINTR);
  return std::max(found, 0);
}

void Epoll::dispatch() noexcept {
  while (told_ < found_) {
    const epoll_event event = events_[told_++];
    if (told_ < found_) prefetch(events_[told_].data.ptr);
    if (event.data.ptr == nullptr) continue;  // the wake descriptor, or forgotten
    scheduler_->beat();
    static_cast<EpollSource*>(event.data.ptr)->on_events(event.events);
  }
  if (deferred_.empty()) return;
  telling_.swap(deferred_);
  for (std::size_t i = 0; i < telling_.size(); ++i) {
    if (telling_[i] == nullptr) continue;
    scheduler_->beat();
    telling_[i]->on_events(0);
  }
  telling_.clear();
}

void Epoll::wake() noexcept {
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then the loop is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_descriptor_, &one, sizeof one);
}

}  // namespace marty::runtime::internal
