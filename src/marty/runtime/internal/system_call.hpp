// The system calls of every request, past the wrappers of glibc: those are cancellation points of pthread_cancel(3),
// which takes two locked instructions a call in a program with threads, and no thread here is cancelled that way.
// Results and errno are those of recv(2), send(2) and epoll_pwait2(2).
//
// Under a sanitizer they are the wrappers: ThreadSanitizer has to see what orders threads, AddressSanitizer which bytes
// are read and written – it knows of the memory that a plain system call touches as little as of what the kernel does.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "marty/runtime/internal/sanitizer.hpp"

namespace marty::runtime::internal {

inline constexpr bool kInterceptedCalls = kThreadSanitizer || kAddressSanitizer;

inline ssize_t receive(int descriptor, void* buffer, std::size_t bytes) noexcept {
  if constexpr (kInterceptedCalls) return recv(descriptor, buffer, bytes, 0);
  return syscall(SYS_recvfrom, descriptor, buffer, bytes, 0, nullptr, nullptr);
}

inline ssize_t send_without_signal(int descriptor, const void* bytes, std::size_t count) noexcept {
  if constexpr (kInterceptedCalls) return send(descriptor, bytes, count, MSG_NOSIGNAL);
  return syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL, nullptr, 0);
}

inline int wait_for_events(int descriptor, epoll_event* events, int limit, const timespec* timeout) noexcept {
  if constexpr (kInterceptedCalls) return epoll_pwait2(descriptor, events, limit, timeout, nullptr);
  return static_cast<int>(syscall(SYS_epoll_pwait2, descriptor, events, limit, timeout, nullptr, 0));
}

}  // namespace marty::runtime::internal
