// Requests where the process can have no more stacks. Each test runs in a process of its own, whose address space is
// used up.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "marty/http/internal/http2_test_support.hpp"
#include "marty/runtime/internal/sanitizer.hpp"

namespace marty::http {
namespace {

using internal::frame;
using internal::headers_frame;
using internal::Http2RawClient;
using internal::RawClient;
using internal::request_fields;
using internal::TestServer;

// Takes all stacks of this loop while it exists.
class NoStacks {
 public:
  NoStacks() {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before_);
    const rlimit used_up{static_cast<rlim_t>(pages) * 4096, before_.rlim_max};
    setrlimit(RLIMIT_AS, &used_up);
    try {
      for (;;) {
        auto waiter = std::make_unique<Waiter>(end_);
        runtime::Loop::current().launch(*waiter);
        static_cast<void>(waiter.release());
      }
    } catch (const Error&) {
    }
  }
  ~NoStacks() {
    setrlimit(RLIMIT_AS, &before_);
    end_.set();
    runtime::yield();
  }
  NoStacks(const NoStacks&) = delete;
  NoStacks& operator=(const NoStacks&) = delete;

 private:
  struct Waiter final : runtime::FiberJob {
    explicit Waiter(runtime::Event& event) : end(event) {}
    void run() override { end.wait(); }
    void finished() noexcept override { delete this; }
    runtime::Event& end;
  };
  runtime::Event end_;
  rlimit before_{};
};

// Ends the process, with 0 where `test` returns what it expects.
[[noreturn]] void run_and_exit(const std::function<std::string()>& test, std::string_view expected) {
  std::string result;
  runtime::World::real({.loops = 1})->run([&] { result = test(); });
  if (result != expected) std::fprintf(stderr, "%s\n", result.c_str());
  std::exit(result == expected ? 0 : 1);
}

class ExhaustionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (runtime::internal::kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer ends a process whose memory is limited";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

std::string post_with_body(std::int32_t id) {
  return headers_frame(id, request_fields("POST"), false) + frame(NGHTTP2_DATA, 0, id, "body");
}

// Its DATA, which nobody reads, makes room for others while the stream is being closed.
TEST_F(ExhaustionTest, requests_that_get_no_stack_are_refused_and_the_connection_goes_on) {
  EXPECT_EXIT(run_and_exit(
                  [] {
                    TestServer test(internal::hello);
                    Http2RawClient client(test.server.address());
                    client.send(headers_frame(1, request_fields()));
                    std::string result = client.read_body(1);
                    {
                      const NoStacks none;
                      std::string requests;
                      for (std::int32_t id = 3; id < 23; id += 2) requests += post_with_body(id);
                      client.send(requests);
                      for (std::int32_t id = 3; id < 23; id += 2)
                        result += ' ' + std::to_string(client.read_until(NGHTTP2_RST_STREAM, id).number());
                    }
                    client.send(headers_frame(23, request_fields()));
                    return result + ' ' + client.read_body(23);
                  },
                  "hello 7 7 7 7 7 7 7 7 7 7 hello"),  // REFUSED_STREAM
              testing::ExitedWithCode(0), "");
}

TEST_F(ExhaustionTest, a_reply_is_sent_without_a_stack_of_its_own) {
  EXPECT_EXIT(run_and_exit(
                  [] {
                    runtime::Event go_on;
                    TestServer test([&](Request&, Response& response) {
                      go_on.wait();
                      response.body() = "late";
                    });
                    Http2RawClient client(test.server.address());
                    client.send(headers_frame(1, request_fields()));
                    while (test.server.stats().requests_in_flight == 0) runtime::yield();
                    const NoStacks none;
                    go_on.set();
                    return client.read_body(1);
                  },
                  "late"),
              testing::ExitedWithCode(0), "");
}

// Its head is not said before the fiber is there that sends it.
TEST_F(ExhaustionTest, a_begun_reply_without_a_stack_for_its_pump_is_an_error_with_one_head) {
  EXPECT_EXIT(run_and_exit(
                  [] {
                    bool begins = true;
                    TestServer test([&](Request&, Response& response) {
                      if (!begins) return void(response.status = 204);
                      const NoStacks none;
                      begins = false;
                      response.begin().write("body");
                    });
                    RawClient client(test.server.address());
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    std::string result = client.read_until("\r\n");
                    client.read_until("}");
                    return result + client.read_until("\r\n");
                  },
                  "HTTP/1.1 503 Service Unavailable\r\nHTTP/1.1 204 No Content\r\n"),
              testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace marty::http
