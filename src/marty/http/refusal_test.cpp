// What the server does not let in: its handler writes the reply, over both versions, and knows what could be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::RawClient;
using internal::talk;
using internal::TestServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr ServerLimits kLimits{
    .request_line_bytes = 1000, .header_bytes = 4000, .header_count = 20, .body_bytes = 1000, .header_timeout = 2s};

class Recorder final : public Handler {
 public:
  void handle(Request& request, Response& response) override { response.set_body(request.body(), "text/plain"); }
  void refuse(Request& request, Response& response, const Error& refusal) override {
    seen = std::to_string(refusal.http_status()) + " " + std::string(method_name(request.method)) + " " +
           std::string(request.method_text) + " " + std::string(request.target) + " " + std::string(request.authority) +
           " " + std::string(request.header("origin"));
    EXPECT_TRUE(refusal.is_for_callers());
    EXPECT_NE(refusal.message(), "");
    EXPECT_NE(request.peer, nullptr);
    EXPECT_EQ(request.body_source, nullptr);
    response.status = refusal.http_status();
    response.add_header("x-from", "handler");
    if (throws) throw std::runtime_error("no memory, say");
    if (begins) response.begin().write("begun");
  }
  std::string seen;
  bool throws = false;
  bool begins = false;
};

struct RecordingServer {
  explicit RecordingServer(ServerLimits limits = kLimits)
      : server(recorder, {.address = runtime::Address::ip("127.0.0.1", 0), .limits = limits}) {
    server.start();
  }
  Recorder recorder;
  Server server;
};

class RefusalTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, RefusalTest, internal::kBothWorlds, internal::world_name);

TEST_P(RefusalTest, is_written_by_the_handler_which_knows_what_could_be_read) {
  run([] {
    RecordingServer test;
    const auto seen = [&](const std::string& bytes) {
      const std::string reply = talk(test.server.address(), bytes);
      EXPECT_THAT(reply, AllOf(HasSubstr("\r\nx-from: handler\r\n"), HasSubstr("\r\nConnection: close\r\n")));
      EXPECT_THAT(reply, StartsWith("HTTP/1.1 " + test.recorder.seen.substr(0, 3)));
      return test.recorder.seen;
    };
    const std::string rest = "Host: a\r\nOrigin: o\r\n\r\n";
    EXPECT_EQ(seen("nonsense\r\n\r\n"), "400 OTHER    ");
    EXPECT_EQ(seen("PUT /p HTTP/1.1\r\nContent-Length: 1001\r\n" + rest), "413 PUT PUT /p a o");
    EXPECT_EQ(seen("GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n" + rest), "414 GET GET  a o");
    EXPECT_EQ(seen("GET /p HTTP/1.1\r\nExpect: x\r\n" + rest), "417 GET GET /p a o");
    EXPECT_EQ(seen("GET /p HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n" + rest), "431 GET GET /p a o");
    EXPECT_EQ(seen(std::string(100, 'A') + " / HTTP/1.1\r\n" + rest), "501 OTHER    ");
    EXPECT_EQ(seen("PUT /p HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + rest), "501 PUT PUT /p a o");
    EXPECT_EQ(seen("GET /p HTTP/3.0\r\n" + rest), "505 GET GET   ");
    EXPECT_EQ(test.server.stats().requests_malformed, 8u);
    EXPECT_EQ(test.server.stats().requests, 0u);
  });
}

TEST_P(RefusalTest, knows_of_a_head_that_came_too_late_what_had_come) {
  run([] {
    RecordingServer test;
    RawClient client(test.server.address());
    client.send("GET /p HTTP/1.1\r\nOrigin: o\r\nHos");
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(test.recorder.seen, "408 GET GET /p  o");
  });
}

TEST_P(RefusalTest, over_http2_is_the_same) {
  run([] {
    RecordingServer test;
    Http2Connection connection(runtime::connect(test.server.address()));
    const auto seen = [&](const StreamHead& head, std::string_view body = "") {
      ClientStream stream = connection.open(head, body);
      const int status = stream.status();
      EXPECT_EQ(stream.headers().get("x-from"), "handler");
      EXPECT_EQ(std::to_string(status), test.recorder.seen.substr(0, 3));
      return test.recorder.seen;
    };
    const std::string large(5000, 'a'), body(1001, 'b'), path = "/" + std::string(2000, 'p');
    const Header length[] = {{"origin", "o"}, {"content-length", "1001"}};
    const Header header[] = {{"x-a", large}, {"origin", "o"}};
    const Header expectation[] = {{"origin", "o"}, {"expect", "x"}};
    const Header origin[] = {{"origin", "o"}};
    EXPECT_EQ(seen({.authority = "a", .path = "/p", .headers = length}, body), "413 POST POST /p a o");
    EXPECT_EQ(seen({.authority = "a", .path = path, .headers = origin}), "414 POST POST  a o");
    EXPECT_EQ(seen({.authority = "a", .path = "/p", .headers = expectation}), "417 POST POST /p a o");
    EXPECT_EQ(seen({.authority = "a", .path = "/p", .headers = header}), "431 POST POST /p a o");
    EXPECT_EQ(seen({.authority = "a:b", .path = "/p", .headers = origin}), "400 POST POST /p  o");
    EXPECT_EQ(seen({.authority = "a", .path = "/p|q", .headers = origin}), "400 POST POST  a o");
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(RefusalTest, of_too_many_requests_keeps_the_connection_and_says_when_to_come_again) {
  run([] {
    RecordingServer test({.in_flight = 0});
    RawClient client(test.server.address());
    for (int i = 0; i < 2; ++i) {
      client.send("GET /p HTTP/1.1\r\nHost: a\r\nOrigin: o\r\n\r\n");
      EXPECT_THAT(client.read_until("\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nretry-after: 1\r\n"),
                                                       HasSubstr("\r\nx-from: handler\r\n")));
      EXPECT_EQ(test.recorder.seen, "503 GET GET /p a o");
    }
    EXPECT_EQ(test.server.stats().requests_malformed, 0u);
  });
}

TEST_P(RefusalTest, of_head_has_no_body_and_may_be_begun_or_fail) {
  run([] {
    RecordingServer test;
    const std::string request = "PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n";
    test.recorder.begins = true;
    EXPECT_THAT(talk(test.server.address(), request), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("begun")));
    test.recorder.begins = false;
    test.recorder.throws = true;
    EXPECT_THAT(talk(test.server.address(), request),
                AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("application/problem+json")));
    test.recorder.throws = false;
    const std::string reply = talk(test.server.address(), "HEAD /p HTTP/1.1\r\nExpect: x\r\nHost: a\r\n\r\n");
    EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 417 "), testing::EndsWith("\r\n\r\n")));
  });
}

TEST_P(RefusalTest, by_a_plain_handler_is_a_minimal_problem) {
  run([] {
    TestServer test(internal::hello, kLimits);
    EXPECT_THAT(talk(test.server.address(), "PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"),
                HasSubstr(R"({"type":"about:blank","title":"Content Too Large","status":413,"detail":"the request )"
                          R"(body is larger than this server accepts","code":"out_of_range"})"));
  });
}

}  // namespace
}  // namespace marty::http
