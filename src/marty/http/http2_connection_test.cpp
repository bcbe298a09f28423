#include "marty/http/http2_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::big_endian;
using internal::error_of;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::Http2TestServer;
using internal::run_in;
using internal::WorldKind;
using testing::HasSubstr;
using namespace std::chrono_literals;

// A server that answers the first bytes with what it is told, and keeps what it was sent.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::string reply, bool closes = false)
      : listener_(runtime::listen(runtime::Address::ip("127.0.0.1", 0))),
        fiber_(std::function<void()>([this, reply = std::move(reply), closes] {
          runtime::Socket socket = listener_.accept();
          char buffer[16 * 1024];
          while (received.find(std::string_view("\0\1", 2)) == std::string::npos || received.size() < 60)
            received.append(buffer, socket.read_some(buffer));
          socket.write({frame(NGHTTP2_SETTINGS, 0, 0), reply});
          if (closes) return;
          while (const std::size_t size = socket.read_some(buffer)) received.append(buffer, size);
        })) {}

  runtime::Socket connect() { return runtime::connect(listener_.local_address()); }
  std::string received;

 private:
  runtime::Listener listener_;
  runtime::Task<std::function<void()>> fiber_;
};

std::string reply_head(std::string_view status, bool ends, std::string_view more = {}) {
  return headers_frame(1, field(":status", status) + std::string(more), ends);
}

class Http2ConnectionTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2ConnectionTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(Http2ConnectionTest, skips_interim_replies_and_keeps_trailers_apart) {
  run([] {
    ScriptedServer server(reply_head("103", false, field("link", "</a>")) +
                          reply_head("200", false, field("x-a", "1")) + frame(NGHTTP2_DATA, 0, 1, "body") +
                          headers_frame(1, field("x-b", "2")));
    Http2Connection connection(server.connect());
    ClientStream stream = connection.open({.authority = "a"}, "");
    EXPECT_EQ(stream.status(), 200);
    EXPECT_EQ(stream.headers().get("x-a"), "1");
    EXPECT_EQ(stream.headers().get("link"), "");
    EXPECT_EQ(stream.read_all(100), "body");
    EXPECT_EQ(stream.trailers().get("x-b"), "2");
    EXPECT_EQ(stream.headers().get("x-b"), "");
  });
}

TEST_P(Http2ConnectionTest, a_refused_stream_is_untouched_and_a_reset_one_is_not) {
  run([] {
    for (const auto code : {NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR}) {
      ScriptedServer server(frame(NGHTTP2_RST_STREAM, 0, 1, big_endian(code)));
      Http2Connection connection(server.connect());
      ClientStream stream = connection.open({.authority = "a"}, "body");
      EXPECT_FALSE(stream.is_untouched());
      EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::unavailable);
      EXPECT_EQ(stream.is_untouched(), code == NGHTTP2_REFUSED_STREAM);
      EXPECT_TRUE(connection.is_usable());
    }
  });
}

TEST_P(Http2ConnectionTest, what_comes_on_a_stream_that_is_closed_is_ignored) {
  run([] {
    const std::string once = reply_head("200", true) + frame(NGHTTP2_RST_STREAM, 0, 1, big_endian(NGHTTP2_NO_ERROR));
    ScriptedServer server(once + once + frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "late") +
                          headers_frame(3, field(":status", "201")));
    Http2Connection connection(server.connect());
    ClientStream reset = connection.open({.authority = "a"});
    ClientStream other = connection.open({.authority = "a"}, "");
    runtime::yield();  // both are sent
    reset.reset();
    EXPECT_EQ(other.status(), 201);
    EXPECT_TRUE(connection.is_usable());
  });
}

TEST_P(Http2ConnectionTest, go_away_leaves_later_streams_untouched_and_the_connection_is_of_no_more_use) {
  run([] {
    ScriptedServer server(frame(NGHTTP2_GOAWAY, 0, 0, big_endian(1) + big_endian(0)) + reply_head("200", true));
    Http2Connection connection(server.connect());
    ClientStream served = connection.open({.authority = "a"}, "");
    ClientStream late = connection.open({.authority = "a"}, "");
    EXPECT_EQ(served.status(), 200);
    EXPECT_EQ(error_of([&] { late.status(); }).code(), Code::unavailable);
    EXPECT_TRUE(late.is_untouched());
    EXPECT_FALSE(served.is_untouched());
    EXPECT_FALSE(connection.is_usable());
    EXPECT_EQ(error_of([&] { connection.open({.authority = "a"}); }).code(), Code::unavailable);
  });
}

TEST_P(Http2ConnectionTest, a_connection_that_is_cut_in_the_middle_fails_its_streams) {
  run([] {
    ScriptedServer server(reply_head("200", false) + frame(NGHTTP2_DATA, 0, 1, "half"), true);
    Http2Connection connection(server.connect());
    ClientStream stream = connection.open({.authority = "a"}, "");
    EXPECT_EQ(stream.status(), 200);
    EXPECT_EQ(stream.read_piece(), "half");
    const Error error = error_of([&] { stream.read_piece(); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("lost"));
    EXPECT_FALSE(stream.is_untouched());
    EXPECT_EQ(error_of([&] { stream.write("more"); }).code(), Code::unavailable);
  });
}

TEST_P(Http2ConnectionTest, garbage_from_the_server_ends_the_connection) {
  run([] {
    ScriptedServer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    Http2Connection connection(server.connect());
    ClientStream stream = connection.open({.authority = "a"}, "");
    EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::unavailable);
    EXPECT_FALSE(connection.is_usable());
  });
}

TEST_P(Http2ConnectionTest, a_head_that_is_too_large_is_not_taken_in) {
  run([] {
    std::string many;
    for (int i = 0; i < 30; ++i) many += field("x-a", std::string(100, 'x'));
    ScriptedServer server(reply_head("200", true, many));
    Http2Connection connection(server.connect(), {.header_bytes = 2000});
    ClientStream stream = connection.open({.authority = "a"}, "");
    EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::out_of_range);
  });
}

TEST_P(Http2ConnectionTest, a_deadline_ends_the_wait_and_the_server_is_told) {
  run([] {
    ScriptedServer server("");
    Http2Connection connection(server.connect());
    {
      ClientStream stream = connection.open({.authority = "a"}, "");
      const runtime::DeadlineScope scope(20ms);
      EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::deadline_exceeded);
    }
    const std::string cancel = frame(NGHTTP2_RST_STREAM, 0, 1, big_endian(NGHTTP2_CANCEL));
    while (server.received.find(cancel) == std::string::npos)
      runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    EXPECT_EQ(connection.streams(), 0u);
    EXPECT_TRUE(connection.is_usable());
  });
}

TEST_P(Http2ConnectionTest, what_has_arrived_can_be_read_after_the_connection_is_gone) {
  run([] {
    auto test = std::make_unique<Http2TestServer>([](Request&, Response& response) { response.body() = "kept"; });
    ClientStream stream = test->connection.open({.authority = "a"}, "");
    EXPECT_EQ(stream.status(), 200);
    while (!stream.has_ended()) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    test.reset();
    EXPECT_EQ(stream.read_all(100), "kept");
    EXPECT_EQ(stream.read_all(100), "kept");
    EXPECT_EQ(error_of([&] { stream.read_all(3); }).code(), Code::out_of_range);
  });
}

TEST_P(Http2ConnectionTest, the_rest_of_a_body_comes_whole_after_a_part_of_it_was_read) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      char buffer[2];
      EXPECT_EQ(request.body_source->read_some(buffer), 2u);
      response.set_body(std::string(buffer, 2) + "|" + std::string(request.body()), "text/plain");
      EXPECT_EQ(request.body_source->read_some(buffer), 0u);
    });
    EXPECT_EQ(test.connection.open({.authority = "a"}, "abcdef").read_all(100), "ab|cdef");
  });
}

TEST(Http2ConnectionPing, a_silent_server_is_noticed) {
  run_in(WorldKind::simulated, [] {
    runtime::Listener listener = runtime::listen(runtime::Address::ip("127.0.0.1", 0));
    auto deaf = runtime::spawn([&] {
      runtime::Socket socket = listener.accept();
      runtime::sleep_for(24h);  // tidy:allow(sleep): virtual
    });
    Http2Connection connection(runtime::connect(listener.local_address()), {.ping_interval = 30s, .ping_timeout = 10s});
    ClientStream stream = connection.open({.authority = "a"}, "");
    const auto start = runtime::now();
    EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::unavailable);
    EXPECT_LT(runtime::now() - start, 45s);
  });
}

}  // namespace
}  // namespace marty::http
