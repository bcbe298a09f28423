// Requests and replies over HTTP/2 that are out of the ordinary, and connections that live long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/http/internal/http2_client.hpp"
#include "marty/http/internal/http2_test_support.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::http {
namespace {

using internal::big_endian;
using internal::error_of;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::Http2Frame;
using internal::Http2RawClient;
using internal::Http2TestServer;
using internal::request_fields;
using internal::run_in;
using internal::TestServer;
using internal::url_of;
using internal::WorldKind;
using namespace std::chrono_literals;

class Http2ExchangeTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2ExchangeTest, internal::kBothWorlds, internal::world_name);

// A body stream that writes so much at once, and then throws what it is told to.
class Large final : public BodyStream {
 public:
  void write_to(BodyWriter& writer) override { writer.write(std::string(1 << 20, 'x')); }
};
class Broken final : public BodyStream {
 public:
  void write_to(BodyWriter& writer) override {
    writer.write("x");
    writer.flush();
    throw 42;
  }
};

TEST_P(Http2ExchangeTest, a_body_stream_may_begin_with_more_than_the_queue_holds) {
  run([] {
    Http2TestServer test([](Request&, Response& response) { response.set_stream(std::make_unique<Large>()); });
    ClientStream stream = test.connection.open({.method = "GET", .authority = "a"}, "");
    const runtime::DeadlineScope scope(5s);
    EXPECT_EQ(stream.status(), 200);
    EXPECT_EQ(stream.read_all(8 << 20).size(), 1u << 20);
  });
}

TEST_P(Http2ExchangeTest, a_body_stream_may_throw_anything) {
  run([] {
    Http2TestServer test([](Request&, Response& response) { response.set_stream(std::make_unique<Broken>()); });
    ClientStream stream = test.connection.open({.method = "GET", .authority = "a"}, "");
    EXPECT_EQ(error_of([&] { stream.read_all(100); }).code(), Code::unavailable);
  });
}

TEST_P(Http2ExchangeTest, the_handler_of_a_begun_reply_to_head_runs_to_its_end) {
  run([] {
    bool cancelled = false;
    runtime::Event ended;
    TestServer test([&](Request&, Response& response) {
      BodyWriter& writer = response.begin();
      for (int i = 0; i < 3; ++i) {
        writer.write("x");
        try {
          runtime::sleep_for(20ms);  // tidy:allow(sleep): what a handler does
        } catch (const Error&) {
          cancelled = true;
        }
      }
      ended.set();
    });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("HEAD")));
    client.read_until(NGHTTP2_HEADERS, 1);
    ended.wait();
    EXPECT_FALSE(cancelled);
  });
}

TEST_P(Http2ExchangeTest, an_interim_reply_comes_before_the_final_one) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      BodyWriter& writer = response.begin();
      writer.flush();
      writer.write(request.body());
    });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST") + field("expect", "100-continue"), false));
    const Http2Frame interim = client.read_until(NGHTTP2_HEADERS, 1);
    const Http2Frame final_one = client.read_until(NGHTTP2_HEADERS, 1);
    EXPECT_LT(interim.payload.size(), final_one.payload.size());  // a status, and nothing else
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "body"));
    EXPECT_EQ(client.read_body(1), "body");
  });
}

TEST_P(Http2ExchangeTest, cookies_that_came_in_several_fields_are_one) {  // RFC 9113 section 8.2.3
  run([] {
    std::string cookies;
    TestServer test([&](Request& request, Response&) { cookies = request.header("cookie"); });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields() + field("cookie", "a=1") + field("x-a", "") + field("cookie", "b=2") +
                                     field("cookie", "c=3")));
    client.read_until(NGHTTP2_HEADERS, 1);
    EXPECT_EQ(cookies, "a=1; b=2; c=3");
  });
}

TEST_P(Http2ExchangeTest, blanks_around_the_value_of_a_header_do_not_travel) {  // RFC 9113 section 8.2.1
  run([] {
    std::string value;
    TestServer test([&](Request& request, Response&) { value = request.header("x-a"); });
    for (const Protocol protocol : {Protocol::http1, Protocol::http2}) {
      value.clear();
      Client client({.protocol = protocol});
      client.send({.url = url_of(test.server.address()), .headers = {{"x-a", " v "}}});
      EXPECT_EQ(value, "v");
    }
  });
}

TEST_P(Http2ExchangeTest, what_comes_behind_the_last_go_away_harms_nobody) {
  run([] {
    runtime::Event go_on;
    TestServer test([&](Request&, Response& response) {
      go_on.wait();
      response.set_body("done", "text/plain");
    });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields()) + frame(NGHTTP2_PING, 0, 0, "12345678"));
    client.read_until(NGHTTP2_PING);
    auto drain = runtime::spawn([&] { test.server.drain(20s); });
    client.read_until(NGHTTP2_GOAWAY);
    EXPECT_EQ(client.read_until(NGHTTP2_GOAWAY).number(0), 1u);  // after a second without an answer to the PING
    client.send(headers_frame(3, request_fields("POST"), false));
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "body"));
    go_on.set();
    EXPECT_EQ(client.read_body(1), "done");
    drain.join();
  });
}

TEST_P(Http2ExchangeTest, a_stream_that_waits_for_its_turn_is_refused_by_a_go_away) {
  run([] {
    runtime::Event started, go_on;
    Http2TestServer test(
        [&](Request&, Response& response) {
          started.set();
          go_on.wait();
          response.set_body("done", "text/plain");
        },
        {.http2_streams = 1});
    ClientStream first = test.connection.open({.method = "GET", .authority = "a"}, "");
    started.wait();
    ClientStream second = test.connection.open({.method = "POST", .authority = "a"}, "");
    auto drain = runtime::spawn([&] { test.server.drain(20s); });
    {
      const runtime::DeadlineScope scope(3s);
      EXPECT_EQ(error_of([&] { second.status(); }).code(), Code::unavailable);
    }
    EXPECT_TRUE(second.is_untouched());
    EXPECT_FALSE(test.connection.is_usable());
    go_on.set();
    EXPECT_EQ(first.read_all(100), "done");
    drain.join();
  });
}

void in_simulation(const std::function<void()>& test) { run_in(WorldKind::simulated, test); }

TEST(Http2Connections, that_are_in_use_are_not_idle) {
  in_simulation([] {
    Http2TestServer test([](Request&, Response&) {});
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(test.connection.is_usable()) << i;
      test.connection.open({.method = "GET", .authority = "a"}, "").status();
      runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    }
  });
}

TEST(Http2Connections, are_of_no_more_use_without_stream_ids) {
  in_simulation([] {
    TestServer test([](Request&, Response&) {});
    auto* const client = new internal::Http2Client(runtime::connect(test.server.address()), {});
    nghttp2_session_set_next_stream_id(const_cast<nghttp2_session*>(client->native()), 0x7fffffff);
    internal::Http2ClientStream& last = client->take_stream();
    last.open(*client, {.method = "GET", .authority = "a"}, "");
    EXPECT_EQ(last.status(), 200);
    EXPECT_FALSE(client->is_usable());
    last.abandon();
    client->abandon();
  });
}

// A server that takes connections, says SETTINGS, and then only what it is told to.
class SilentServer {
 public:
  explicit SilentServer(std::string says = {})
      : listener_(runtime::listen(runtime::Address::ip("127.0.0.1", 0))), acceptor_([this, says] {
          for (;;) {
            sockets_.push_back(listener_.accept());
            sockets_.back().write({frame(NGHTTP2_SETTINGS, 0, 0)});
            if (!says.empty()) answer(sockets_.back(), says);
          }
        }) {}

  std::string url() const { return url_of(listener_.local_address()); }
  std::size_t connections() const noexcept { return sockets_.size(); }

 private:
  static void answer(runtime::Socket& socket, const std::string& says) {
    char buffer[4096];
    std::string all;
    while (all.find("\x01\x05", NGHTTP2_CLIENT_MAGIC_LEN) == std::string::npos)  // HEADERS that end a stream
      all.append(buffer, socket.read_some(buffer));
    socket.write({says});
  }
  runtime::Listener listener_;
  std::vector<runtime::Socket> sockets_;
  runtime::Task<std::function<void()>> acceptor_;  // last: it is cancelled first
};

TEST(Http2Connections, on_which_nothing_comes_any_more_are_left) {
  in_simulation([] {
    const SilentServer server;
    Client client({.protocol = Protocol::http2});
    for (int i = 0; i < 20; ++i) error_of([&] { client.get(server.url()); });
    EXPECT_GE(server.connections(), 5u);
  });
}

TEST(Http2Connections, an_exchange_that_the_server_cancels_is_unavailable) {
  in_simulation([] {
    const SilentServer server(frame(NGHTTP2_RST_STREAM, 0, 1, big_endian(NGHTTP2_CANCEL)));
    Client client({.protocol = Protocol::http2});
    const Error error = error_of([&] { client.send({.method = Method::post, .url = server.url()}); });
    EXPECT_EQ(error.code(), Code::unavailable) << error.message();
  });
}

}  // namespace
}  // namespace marty::http
