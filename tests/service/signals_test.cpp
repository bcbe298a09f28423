// What a service's process does with SIGTERM, at any time of its life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <string>

#include "marty/runtime/fiber.hpp"
#include "marty/service/service.hpp"

namespace marty {
namespace {

// A service in a process of its own, which says by a byte that it has come to a certain point.
class Process {
 public:
  using Say = std::function<void()>;

  explicit Process(const std::function<void(Service&, Say)>& build) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    child_ = fork();
    if (child_ == 0) {
      ::alarm(60);  // a test that hangs is a failure
      const char* arguments[] = {"service", "--directory", "/", "--environment", "testing"};
      ::setenv("MARTY_SERVER__HTTP_PORT", "0", 1);
      int code = 0;
      {
        Service service("service", 5, arguments);
        build(service, [&] {
          if (::write(ends[1], "!", 1) != 1) ::_exit(99);
        });
        code = service.run();
      }
      ::_exit(code);
    }
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~Process() { ::close(read_end_); }

  void wait_for_its_word() const {
    char byte = 0;
    ASSERT_EQ(::read(read_end_, &byte, 1), 1);
  }
  void stop() const { ::kill(child_, SIGTERM); }
  int exit_code() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t child_ = 0;
  int read_end_ = 0;
};

TEST(Signals, StopAServiceThatIsReady) {
  const Process process([](Service& service, Process::Say say) { service.on_start("ready", say); });
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 0);
}

TEST(Signals, StopAServiceThatIsStillStarting) {
  const Process process([](Service& service, Process::Say say) {
    service.on_start("slow", [say] {
      say();
      runtime::sleep_for(std::chrono::seconds(4));
    });
    service.on_start("never", [] { ::_exit(98); });
  });
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 0);
}

TEST(Signals, ThatComeTwiceEndTheWaitOfAStop) {
  const Process process([](Service& service, Process::Say say) {
    service.on_start("ready", say);
    service.on_stop("slow", [say] {
      say();
      runtime::sleep_for(std::chrono::hours(1));
    });
  });
  process.wait_for_its_word();
  process.stop();
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 1);
}

}  // namespace
}  // namespace marty
