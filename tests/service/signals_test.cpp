// What a service's process does with SIGTERM, at any time of its life, and with SIGHUP; and what it needs to begin.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "marty/runtime/fiber.hpp"
#include "marty/service/service.hpp"

namespace marty {
namespace {

// A service in a process of its own, which says by a byte that it has come to a certain point. What it prints is read.
class Process {
 public:
  using Say = std::function<void()>;
  using Variables = std::map<std::string, std::string>;
  using Make = std::function<std::unique_ptr<Service>()>;

  explicit Process(const std::function<void(Service&, Say)>& build, const Variables& variables = {},
                   const Make& make = with_arguments) {
    const Ends words = make_pipe(), output = make_pipe();
    child_ = fork();
    if (child_ == 0) {
      ::alarm(60);  // a test that hangs is a failure
      ::dup2(output[1], 1), ::dup2(output[1], 2);
      ::setenv("MARTY_SERVER__HTTP_PORT", "0", 1);
      ::setenv("MARTY_SERVER__LOOPS", "2", 1);
      for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
      int code = 0;
      {
        const std::unique_ptr<Service> service = make();
        build(*service, [&] {
          if (::write(words[1], "!", 1) != 1) ::_exit(99);
        });
        code = service->run();
      }
      ::_exit(code);
    }
    ::close(words[1]), ::close(output[1]);
    words_ = words[0], output_ = output[0];
  }
  ~Process() { ::close(words_), ::close(output_); }

  void wait_for_its_word() const {
    char byte = 0;
    ASSERT_EQ(::read(words_, &byte, 1), 1);
  }
  // Reads on until it has printed `text`; returns all so far.
  const std::string& wait_until_it_prints(std::string_view text) {
    while (printed_.find(text) == std::string::npos && read_more()) {
    }
    EXPECT_THAT(printed_, testing::HasSubstr(text));
    return printed_;
  }
  // A client that sends this and stays; what becomes of it is not looked at.
  void send(std::string_view request) {
    constexpr std::string_view kServes = "serves http://127.0.0.1:";
    const std::string& printed = wait_until_it_prints("/metrics");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(printed.substr(printed.find(kServes) + kServes.size()))));
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::write(client, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  }
  void stop() const { ::kill(child_, SIGTERM); }
  void hang_up() const { ::kill(child_, SIGHUP); }
  int exit_code() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& printed() const { return printed_; }

 private:
  static std::unique_ptr<Service> with_arguments() {
    static constexpr const char* kArguments[] = {"service", "--directory", "/", "--environment", "testing"};
    return std::make_unique<Service>("service", 5, kArguments);
  }
  using Ends = std::array<int, 2>;
  static Ends make_pipe() {
    Ends ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    return ends;
  }
  bool read_more() {
    char bytes[4096];
    const ssize_t size = ::read(output_, bytes, sizeof bytes);
    if (size > 0) printed_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  pid_t child_ = 0;
  int words_ = -1;
  int output_ = -1;
  std::string printed_;
};

struct Note {
  std::string text;
};

constexpr std::string_view kStopping = "\"message\":\"stopping\"";

TEST(Signals, stop_a_service_that_is_ready) {
  Process process([](Service& service, Process::Say say) { service.on_start("ready", say); });
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 0);
}

TEST(Signals, stop_a_service_that_is_still_starting) {
  Process process([](Service& service, Process::Say say) {
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

TEST(Signals, that_come_twice_end_the_wait_of_a_stop) {
  Process process([](Service& service, Process::Say say) {
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

TEST(Signals, that_come_twice_cut_a_request_that_has_long_to_go) {
  Process process(
      [](Service& service, Process::Say say) {
        service.get(
            "/long",
            [say] {
              say();
              runtime::sleep_for(std::chrono::hours(1));
              return Note{"done"};
            },
            "Takes its time");
      },
      {{"MARTY_SERVER__DRAIN_TIMEOUT", "100s"}});
  process.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  process.wait_for_its_word();
  process.stop();
  process.wait_until_it_prints(kStopping);
  process.stop();
  EXPECT_EQ(process.exit_code(), 1);
  EXPECT_THAT(process.printed(), testing::HasSubstr("requests were cut off by a second signal"));
}

TEST(Signals, that_come_twice_cut_a_stream_that_never_ends) {
  Process process(
      [](Service& service, Process::Say say) {
        service.get(
            "/ticks",
            [say] {
              return web::stream("text/plain", [say](http::BodyWriter& out) {
                say();
                for (;; runtime::sleep_for(std::chrono::milliseconds(10))) out.write("tick\n");
              });
            },
            "Ticks");
      },
      {{"MARTY_SERVER__DRAIN_TIMEOUT", "100s"}});
  process.send("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
  process.wait_for_its_word();
  process.stop();
  process.wait_until_it_prints(kStopping);
  process.stop();
  EXPECT_EQ(process.exit_code(), 1);
}

TEST(Signals, a_handler_that_ignores_its_end_does_not_hold_the_process_for_ever) {
  Process process(
      [](Service& service, Process::Say say) {
        service.get(
            "/stubborn/{number}",
            [say](Path<int> number) -> Note {
              for (say();;) {
                try {
                  runtime::sleep_for(std::chrono::hours(*number));
                } catch (...) {  // the mistake
                }
              }
            },
            "Never ends");
      },
      {{"MARTY_SERVER__DRAIN_TIMEOUT", "100ms"}});
  process.send("GET /stubborn/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 1);
  EXPECT_THAT(process.printed(), testing::HasSubstr("a request goes on though it was cancelled"));
  EXPECT_THAT(process.printed(), testing::HasSubstr("\"request\":\"GET /stubborn/{number}\""));
  EXPECT_THAT(process.printed(), testing::HasSubstr("\"part\":\"http server\""));
}

TEST(Signals, a_hook_that_ignores_its_end_does_not_hold_the_process_for_ever) {
  Process process([](Service& service, Process::Say say) {
    service.on_start("ready", say);
    service.on_stop("stubborn", [say] {
      say();
      const runtime::ShieldScope shield;
      runtime::sleep_for(std::chrono::hours(1));
    });
  });
  process.wait_for_its_word();
  process.stop();
  process.wait_for_its_word();
  process.stop();
  EXPECT_EQ(process.exit_code(), 1);
  EXPECT_THAT(process.printed(), testing::HasSubstr("\"part\":\"stubborn\""));
}

TEST(Signals, to_hang_up_reload_the_configuration_and_the_log_says_that_nothing_changed) {
  Process process([](Service&, const Process::Say&) {});
  process.wait_until_it_prints("/metrics");
  process.hang_up();
  process.wait_until_it_prints("\"message\":\"the configuration is as it was before\"");
  process.stop();
  EXPECT_EQ(process.exit_code(), 0);
  EXPECT_THAT(process.printed(), testing::HasSubstr("\"cause\":\"SIGHUP\""));
}

// As in int main() { Service service("service"); ...; return service.run(); }, and where no shell gave even a name.
TEST(Run, needs_no_arguments) {
  const std::map<std::string, Process::Make> ways = {
      {"without any", [] { return std::make_unique<Service>("service"); }},
      {"none of them",
       [] {
         static constexpr const char* kNone[] = {nullptr};
         return std::make_unique<Service>("service", 0, kNone);
       }},
      {"options", [] {
         return std::make_unique<Service>(
             "service", ServiceOptions{.directory = "/",
                                       .environment = "testing",
                                       .variables = {{"MARTY_SERVER__HTTP_PORT", "0"}, {"MARTY_SERVER__LOOPS", "2"}}});
       }}};
  for (const auto& [way, make] : ways) {
    Process process([](Service& service, Process::Say say) { service.on_start("ready", say); },
                    {{"MARTY_HOME", "/"}, {"MARTY_ENV", "testing"}}, make);
    process.wait_for_its_word();
    process.wait_until_it_prints("service 0.1.0 serves http://");
    process.stop();
    EXPECT_EQ(process.exit_code(), 0) << way << process.printed();
  }
}

}  // namespace
}  // namespace marty
