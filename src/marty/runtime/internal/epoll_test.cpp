#include "marty/runtime/internal/epoll.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/dns.hpp"
#include "marty/runtime/internal/epoll_driver.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime::internal {
namespace {

using namespace std::chrono_literals;

// From now on this process gets `error` for the system call, as in a container or on an old kernel.
void forbid(unsigned system_call, unsigned error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(filter), .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    std::_Exit(77);
}

void sleep_without_epoll_pwait2(unsigned error) {
  forbid(SYS_epoll_pwait2, error);
  in_world([] { sleep_for(3ms); });
  std::_Exit(0);
}

TEST(EpollDeathTest, waits_where_the_kernel_does_not_know_epoll_pwait2) {
  EXPECT_EXIT(sleep_without_epoll_pwait2(ENOSYS), testing::ExitedWithCode(0), "");
}

// What older container runtimes answer for every system call that they do not know.
TEST(EpollDeathTest, waits_where_a_container_forbids_epoll_pwait2) {
  EXPECT_EXIT(sleep_without_epoll_pwait2(EPERM), testing::ExitedWithCode(0), "");
}

void look_up_without_epoll_ctl() {
  in_world([] {
    DnsResolver dns(Scheduler::current(), *Scheduler::current().driver().epoll(),
                    {.timeout_ms = 5, .tries = 1, .servers = "127.0.0.1:9"});
    forbid(SYS_epoll_ctl, ENOSPC);
    std::_Exit(code_thrown_by([&] { dns.resolve("known.test", 80); }) == Code::unavailable ? 0 : 1);
  });
}

TEST(EpollDeathTest, a_look_up_fails_where_no_more_sockets_may_be_watched) {
  EXPECT_EXIT(look_up_without_epoll_ctl(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace marty::runtime::internal
