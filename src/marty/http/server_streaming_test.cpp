// Replies that are written piece by piece over HTTP/1.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::RawClient;
using internal::TestServer;
using internal::WorldTest;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kEnd = "0\r\n\r\n";

class ServerStreaming : public WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, ServerStreaming, internal::kBothWorlds, internal::world_name);

TEST_P(ServerStreaming, what_was_written_goes_out_when_the_handler_waits) {
  run([] {
    runtime::Event seen;
    TestServer test([&](Request&, Response& response) {
      response.add_header("x-kind", "begun");
      BodyWriter& writer = response.begin();
      writer.write("one");
      writer.write("two");
      seen.wait();
      writer.write("three");
    });
    RawClient client(test.server.address());
    client.send(kGet);
    const std::string head = client.read_until("3\r\none\r\n3\r\ntwo\r\n");
    EXPECT_THAT(head, HasSubstr("x-kind: begun\r\n"));
    EXPECT_THAT(head, EndsWith("\r\n3\r\none\r\n3\r\ntwo\r\n"));
    seen.set();
    EXPECT_EQ(client.read_until(kEnd), "5\r\nthree\r\n0\r\n\r\n");
    client.send(kGet);  // the connection lives on
    EXPECT_THAT(client.read_until(kEnd), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerStreaming, a_client_that_goes_cancels_the_handler) {
  run([] {
    runtime::Event ended;
    Code code = Code::ok;
    TestServer test([&](Request&, Response& response) {
      response.begin().write("one");
      code = error_of([] { runtime::sleep_for(1h); }).code();  // tidy:allow(sleep): it never ends
      ended.set();
      throw Error(code, "the client has gone");
    });
    RawClient client(test.server.address());
    client.send(kGet);
    client.read_until("one");
    client.close();
    ended.wait();
    EXPECT_EQ(code, Code::cancelled);
    while (test.server.stats().connections_open != 0) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
  });
}

TEST_P(ServerStreaming, a_body_stream_that_waits_is_cancelled_as_well) {
  run([] {
    class Endless final : public BodyStream {
     public:
      explicit Endless(runtime::Event& ended) : ended_(ended) {}
      std::optional<std::uint64_t> length() const override { return std::nullopt; }
      void write_to(BodyWriter& writer) override {
        writer.write("data: 1\n\n");
        writer.flush();
        try {
          runtime::sleep_for(1h);  // tidy:allow(sleep): it never ends
        } catch (const Error&) {
          ended_.set();
          throw;
        }
      }

     private:
      runtime::Event& ended_;
    };
    runtime::Event ended;
    TestServer test([&](Request&, Response& response) { response.set_stream(std::make_unique<Endless>(ended)); });
    RawClient client(test.server.address());
    client.send(kGet);
    client.read_until("data: 1");
    client.close();
    ended.wait();
  });
}

TEST_P(ServerStreaming, the_next_request_waits_its_turn) {
  run([] {
    runtime::Event asked;
    TestServer test([&](Request& request, Response& response) {
      response.begin().write(request.target);
      if (request.target == "/first") asked.wait();
    });
    RawClient client(test.server.address());
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_until("/first"), HasSubstr("/first"));
    client.send_in_pieces("GET /second HTTP/1.1\r\nHost: a\r\n\r\n", 7);
    asked.set();
    EXPECT_EQ(client.read_until(kEnd), "\r\n0\r\n\r\n");
    EXPECT_THAT(client.read_until(kEnd), HasSubstr("\r\n7\r\n/second\r\n0\r\n\r\n"));
  });
}

TEST_P(ServerStreaming, a_handler_that_still_reads_is_not_disturbed) {
  run([] {
    TestServer test([&](Request& request, Response& response) {
      BodyWriter& writer = response.begin();
      for (std::string_view piece; !(piece = request.body_source->read_piece()).empty();) writer.write(piece);
    });
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    EXPECT_THAT(client.read_until("one\r\n"), EndsWith("3\r\none\r\n"));
    client.send("3\r\ntwo\r\n");
    EXPECT_EQ(client.read_until("two\r\n"), "3\r\ntwo\r\n");
    client.send(kEnd);
    EXPECT_EQ(client.read_until(kEnd), kEnd);
  });
}

TEST_P(ServerStreaming, a_slow_client_holds_the_handler_back) {
  run([] {
    std::size_t written = 0;
    TestServer test(
        [&](Request&, Response& response) {
          const std::string piece(1000, 'x');
          for (BodyWriter& writer = response.begin();; written += piece.size()) {
            writer.write(piece);
            runtime::yield();
          }
        },
        {.write_timeout = 100ms});
    RawClient client(test.server.address());
    client.send(kGet);
    while (test.server.stats().connections_open != 0) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    EXPECT_GT(written, 10'000u);
    EXPECT_LT(written, 20'000'000u);  // what sockets hold, and then it was cut
  });
}

TEST_P(ServerStreaming, a_failure_in_the_middle_cuts_the_reply) {
  run([] {
    TestServer test([&](Request&, Response& response) {
      response.begin().write("one");
      runtime::yield();
      throw Error(Code::aborted, "no more of it");
    });
    RawClient client(test.server.address());
    client.send(kGet);
    EXPECT_THAT(client.read_to_end(), testing::Not(EndsWith(std::string(kEnd))));
  });
}

}  // namespace
}  // namespace marty::http
