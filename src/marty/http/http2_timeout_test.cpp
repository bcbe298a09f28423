// How long a client of HTTP/2 may take, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::hello;
using internal::Http2Frame;
using internal::Http2RawClient;
using internal::RawClient;
using internal::request_fields;
using internal::run_in;
using internal::TestServer;
using internal::window_update;
using internal::WorldKind;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Http2TimeoutTest : public testing::Test {
 protected:
  void run(std::function<void()> test) { run_in(WorldKind::simulated, std::move(test)); }
};

TEST_F(Http2TimeoutTest, an_idle_connection_gets_a_good_bye) {
  run([] {
    TestServer test(hello, {.idle_timeout = 30s});
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields()));
    EXPECT_EQ(client.read_body(1), "hello");
    const auto start = runtime::now();
    runtime::sleep_for(25s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(client.read_goaway(), NGHTTP2_NO_ERROR);
    EXPECT_LT(runtime::now() - start, 40s);
    client.raw().close();
    runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(test.server.stats().connections_open, 0u);
  });
}

TEST_F(Http2TimeoutTest, a_head_that_does_not_end_closes_the_connection) {
  run([] {
    TestServer test(hello, {.header_timeout = 5s});
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields(), true, false));
    EXPECT_EQ(client.read_goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
  });
}

TEST_F(Http2TimeoutTest, a_head_that_trickles_in_is_given_up_after_the_header_timeout) {
  run([] {
    TestServer test(hello, {.header_timeout = 5s});
    Http2RawClient client(test.server.address());
    const auto start = runtime::now();
    auto sending = runtime::spawn([&] {
      for (const char c : headers_frame(1, field("x-name", std::string(100, 'v')))) {
        client.send({&c, 1});
        runtime::sleep_for(500ms);  // tidy:allow(sleep): virtual
      }
    });
    EXPECT_EQ(client.read_goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_LT(runtime::now() - start, 5s + 9 * 500ms + 2s);  // the head of the frame, and a look once a second
    sending.cancel();
  });
}

TEST_F(Http2TimeoutTest, a_preface_that_does_not_end_is_given_up_after_the_header_timeout) {
  run([] {
    const std::string preface = NGHTTP2_CLIENT_MAGIC + frame(NGHTTP2_SETTINGS, 0, 0);
    for (const bool http1 : {true, false}) {
      TestServer test(hello, {.header_timeout = 5s}, {.http1 = http1});
      for (const std::size_t size :
           {5u, 18u, 24u, 28u}) {  // in the first line, behind it; before SETTINGS, in its head
        RawClient client(test.server.address());
        client.send(preface.substr(0, size));
        const auto start = runtime::now();
        client.read_to_end();
        EXPECT_GE(runtime::now() - start, 5s) << size;
        EXPECT_LT(runtime::now() - start, 7s) << size;
      }
      Http2Connection complete(runtime::connect(test.server.address()));
      EXPECT_EQ(complete.open({.authority = "a"}, "").status(), 200);
      runtime::sleep_for(30s);  // tidy:allow(sleep): virtual
      EXPECT_TRUE(complete.is_usable());
      EXPECT_EQ(test.server.stats().connections_open, 1u);
    }
  });
}

TEST_F(Http2TimeoutTest, a_body_that_does_not_arrive_gets408_unless_it_is_a_stream_of_messages) {
  run([] {
    std::string seen;
    TestServer test(
        [&](Request& request, Response& response) {
          if (request.target == "/stream") request.body_source->lift_limit();
          seen = request.body_source->read_piece();
          response.set_body(request.body(), "text/plain");
        },
        {.body_timeout = 5s, .http2_ping_interval = 0s});
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false) + frame(NGHTTP2_DATA, 0, 1, "a"));
    EXPECT_THAT(client.read_body(1), HasSubstr("did not arrive in time"));
    client.send(headers_frame(3, request_fields("POST", "/stream"), false));
    runtime::sleep_for(10min);  // tidy:allow(sleep): virtual
    client.send(frame(NGHTTP2_DATA, 0, 3, "b"));
    runtime::sleep_for(10min);  // tidy:allow(sleep): virtual
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "c"));
    EXPECT_EQ(client.read_body(3), "c");
    EXPECT_EQ(seen, "b");
  });
}

// The slow-window attack: it asks for much and lets nothing through.
TEST_F(Http2TimeoutTest, a_client_that_gives_no_window_is_reset_after_the_write_timeout) {
  run([] {
    const std::string large(300'000, 'x');
    TestServer test(
        [&](Request& request, Response& response) {
          if (request.target == "/fixed")
            response.body() = large;
          else
            response.begin().write(large);
        },
        {.write_timeout = 10s});
    for (const std::string_view path : {"/fixed", "/streamed"}) {
      Http2RawClient client(test.server.address(), std::string("\0\4\0\0\0\1", 6));  // a window of one byte
      client.send(headers_frame(1, request_fields("GET", path)));
      EXPECT_EQ(client.read_until(NGHTTP2_DATA).payload, "x");
      for (int i = 0; i < 3; ++i) {
        runtime::sleep_for(8s);  // tidy:allow(sleep): virtual
        client.send(window_update(0, 64 * 1024) + window_update(1, 64 * 1024));
        for (std::size_t got = 0; got < 64 * 1024;) got += client.read_until(NGHTTP2_DATA).payload.size();
      }
      runtime::sleep_for(4s);  // tidy:allow(sleep): virtual
      client.send(window_update(1, 1));
      EXPECT_EQ(client.read_until(NGHTTP2_DATA).payload, "x");  // which is no progress
      const Http2Frame reset = client.read_until(NGHTTP2_RST_STREAM);
      EXPECT_EQ(reset.number(), NGHTTP2_ENHANCE_YOUR_CALM) << path;
    }
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

// Each of them goes away while the connection looks at all.
TEST_F(Http2TimeoutTest, all_streams_without_a_window_are_reset_at_one_look) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body() = std::string(1'000, 'x'); },
                    {.write_timeout = 10s});
    Http2RawClient client(test.server.address(), std::string("\0\4\0\0\0\0", 6));
    for (const std::int32_t id : {1, 3, 5, 7}) client.send(headers_frame(id, request_fields()));
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(client.read_until(NGHTTP2_RST_STREAM).number(), NGHTTP2_ENHANCE_YOUR_CALM) << i;
    client.send(frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\4\0\0\xff\xff", 6)) + headers_frame(9, request_fields()));
    EXPECT_EQ(client.read_body(9).size(), 1'000u);
  });
}

TEST_F(Http2TimeoutTest, a_client_that_reads_nothing_is_cut) {
  run([] {
    const std::string large(50'000'000, 'x');
    TestServer test([&](Request&, Response& response) { response.body() = large; }, {.write_timeout = 10s});
    Http2RawClient client(test.server.address(), std::string("\0\4\x7f\xff\xff\xff", 6));
    client.send(window_update(0, 0x7fff0000) + headers_frame(1, request_fields()));
    runtime::sleep_for(60s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(test.server.stats().connections_open, 0u);
  });
}

TEST_F(Http2TimeoutTest, a_peer_that_has_vanished_is_noticed_by_a_ping) {
  run([] {
    Error seen(Code::ok, "");
    TestServer test([&](Request&, Response&) { seen = error_of([] { runtime::sleep_for(24h); }); },
                    {.http2_ping_interval = 60s, .http2_ping_timeout = 20s});
    Http2Connection answers(runtime::connect(test.server.address()));
    ClientStream lives = answers.open({.authority = "a"}, "");
    Http2RawClient silent(test.server.address());
    silent.send(headers_frame(1, request_fields()));
    runtime::sleep_for(10min);  // tidy:allow(sleep): virtual
    EXPECT_EQ(seen.code(), Code::cancelled);
    EXPECT_EQ(test.server.stats().connections_open, 1u);
    EXPECT_TRUE(answers.is_usable());
  });
}

}  // namespace
}  // namespace marty::http
