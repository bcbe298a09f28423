// What a client of HTTP/2 may not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::big_endian;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::Http2Frame;
using internal::Http2RawClient;
using internal::Http2TestServer;
using internal::request_fields;
using internal::run_in;
using internal::TestServer;
using internal::window_update;
using internal::WorldKind;
using testing::HasSubstr;
using namespace std::chrono_literals;

void hello(Request&, Response& response) { response.set_body("hello", "text/plain"); }
void echo(Request& request, Response& response) { response.set_body(request.body(), "text/plain"); }

class Http2LimitsTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2LimitsTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(Http2LimitsTest, RefusesHeadsBodiesAndTargetsThatAreTooLarge) {
  run([] {
    Http2TestServer test(echo,
                         {.request_line_bytes = 1000, .header_bytes = 4000, .header_count = 20, .body_bytes = 50'000});
    const auto status = [&](std::span<const Header> headers, std::string_view path, std::string_view body) {
      return test.connection.open({.authority = "a", .path = path, .headers = headers}, body).status();
    };
    EXPECT_EQ(status({}, "/", "fits"), 200);
    const std::string large(5000, 'x');
    const Header too_large[] = {{"x-a", large}};
    EXPECT_EQ(status(too_large, "/", ""), 431);
    EXPECT_EQ(status(std::vector<Header>(25, {"x-a", "1"}), "/", ""), 431);
    EXPECT_EQ(status({}, "/" + std::string(2000, 'p'), ""), 414);
    EXPECT_EQ(status({}, "/", std::string(60'000, 'b')), 413);  // its length is not told
    const Header length[] = {{"content-length", "60000"}};
    EXPECT_EQ(status(length, "/", std::string(60'000, 'b')), 413);
    EXPECT_EQ(status({}, "/", "fits"), 200);
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(Http2LimitsTest, RefusesHeadsThatHttpForbids) {
  run([] {
    TestServer test(hello);
    const auto reply_to = [&](std::string_view fields) {
      Http2RawClient client(test.server.address());
      client.send(headers_frame(1, fields));
      for (;;) {
        const Http2Frame next = client.read();
        if (next.type == NGHTTP2_RST_STREAM) return "reset " + std::to_string(next.number());
        if (next.type == NGHTTP2_HEADERS) return "status of " + std::to_string(next.payload.size()) + " bytes";
        if (next.type == 255) return std::string("closed");
      }
    };
    EXPECT_THAT(reply_to(request_fields()), HasSubstr("status"));
    EXPECT_EQ(reply_to(field(":method", "GET") + field(":scheme", "http")), "reset 1");
    EXPECT_EQ(reply_to(request_fields() + field("connection", "close")), "reset 1");
    EXPECT_EQ(reply_to(request_fields() + field("Upper", "case")), "reset 1");
    EXPECT_EQ(reply_to(request_fields() + field("x-a", "a\r\nb: c")), "reset 1");
    EXPECT_EQ(reply_to(request_fields() + field("te", "gzip")), "reset 1");
    EXPECT_EQ(reply_to(request_fields() + field(":path", "/again")), "reset 1");
  });
}

TEST_P(Http2LimitsTest, AnswersTargetsAndAuthoritiesThatAreNotValidWith400) {
  run([] {
    Http2TestServer test(hello);
    const auto status = [&](std::string_view path, std::string_view authority, std::span<const Header> headers = {}) {
      return test.connection.open({.method = "GET", .authority = authority, .path = path, .headers = headers}, "")
          .status();
    };
    EXPECT_EQ(status("/a%20b?c=d", "shop.example:80"), 200);
    EXPECT_EQ(status("/a", "user@a"), 400);
    const Header host[] = {{"host", "other"}};
    EXPECT_EQ(status("/a", "a", host), 400);
    const Header same[] = {{"host", "A"}};
    EXPECT_EQ(status("/a", "a", same), 200);
  });
}

TEST_P(Http2LimitsTest, RefusesMoreStreamsThanAllowedAndMoreRequestsThanThereIsRoomFor) {
  run([] {
    runtime::Event go_on;
    TestServer test([&](Request&, Response&) { go_on.wait(); }, {.in_flight = 3, .http2_streams = 4});
    Http2RawClient client(test.server.address());
    for (const int id : {1, 3, 5, 7, 9}) client.send(headers_frame(id, request_fields()));
    const Http2Frame refused = client.read_until(NGHTTP2_RST_STREAM);
    EXPECT_EQ(refused.stream, 9);
    EXPECT_EQ(refused.number(), NGHTTP2_REFUSED_STREAM);
    go_on.set();
    EXPECT_EQ(test.server.stats().requests, 4u);
    Http2Connection waits(runtime::connect(test.server.address()));
    EXPECT_EQ(waits.open({.authority = "a"}, "").status(), 200);  // it knows the limit by now
    std::vector<ClientStream> streams;
    for (int i = 0; i < 10; ++i) streams.push_back(waits.open({.authority = "a"}, ""));
    for (ClientStream& stream : streams) EXPECT_EQ(stream.status(), 200);  // in fours
    EXPECT_EQ(waits.max_streams(), 4u);
  });
}

TEST_P(Http2LimitsTest, ARequestThatIsAnsweredEarlyMayEndShortlyButNotGoOn) {
  run([] {
    TestServer test(hello);
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false));
    EXPECT_EQ(client.read_body(1), "hello");
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "late"));
    client.send(headers_frame(3, request_fields("POST"), false));
    EXPECT_EQ(client.read_body(3), "hello");
    for (int i = 0; i < 5; ++i) client.send(frame(NGHTTP2_DATA, 0, 3, std::string(16'000, 'x')));
    const Http2Frame stopped = client.read_until(NGHTTP2_RST_STREAM);
    EXPECT_EQ(stopped.stream, 3);
    EXPECT_EQ(stopped.number(), NGHTTP2_NO_ERROR);
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "sent before the reset arrived"));
    client.send(headers_frame(5, request_fields()));
    EXPECT_EQ(client.read_body(5), "hello");
  });
}

TEST_P(Http2LimitsTest, FramesOnClosedStreamsEndTheConnection) {
  run([] {
    TestServer test(hello);
    for (const bool data : {true, false}) {
      Http2RawClient client(test.server.address());
      client.send(headers_frame(1, request_fields()));
      EXPECT_EQ(client.read_body(1), "hello");
      client.send(data ? frame(NGHTTP2_DATA, 0, 1, "x") : headers_frame(1, request_fields()));
      EXPECT_EQ(client.read_goaway(), NGHTTP2_STREAM_CLOSED);
    }
  });
}

// The attacks that have names. Each ends its own connection with the right code, in bounded work, and no other.
class Http2AttackTest : public Http2LimitsTest {
 protected:
  void attack(std::string_view what, std::uint32_t code) {
    run([&] {
      Http2TestServer test(hello);
      Http2RawClient client(test.server.address());
      EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
      try {
        for (int i = 0; i < 40; ++i) client.send(what);
      } catch (const Error&) {  // the server has closed
      }
      EXPECT_EQ(client.read_goaway(), code);
      EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
      EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
    });
  }
  static std::string repeat(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2AttackTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(Http2AttackTest, RapidReset) {  // CVE-2023-44487
  run([] {
    std::atomic<int> handled{0};
    Http2TestServer test([&](Request&, Response&) {
      ++handled;
      runtime::sleep_for(1h);
    });
    Http2RawClient client(test.server.address());
    try {
      for (int i = 0; i < 20'000; ++i) {
        client.send(headers_frame(2 * i + 1, request_fields()) +
                    frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, big_endian(NGHTTP2_CANCEL)));
      }
    } catch (const Error&) {
    }
    EXPECT_EQ(client.read_goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_LE(handled, 1100);
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
    EXPECT_TRUE(test.connection.is_usable());
  });
}
TEST_P(Http2AttackTest, PingFlood) {  // CVE-2019-9512
  attack(repeat(frame(NGHTTP2_PING, 0, 0, "12345678"), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, SettingsFlood) {  // CVE-2019-9515
  attack(repeat(frame(NGHTTP2_SETTINGS, 0, 0), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, WindowUpdateFlood) { attack(repeat(window_update(0, 1), 100), NGHTTP2_ENHANCE_YOUR_CALM); }
TEST_P(Http2AttackTest, UnknownFrameFlood) { attack(repeat(frame(99, 0, 0, ""), 100), NGHTTP2_ENHANCE_YOUR_CALM); }
TEST_P(Http2AttackTest, PriorityFlood) {
  attack(repeat(frame(NGHTTP2_PRIORITY, 0, 3, std::string("\0\0\0\0\1", 5)), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, EmptyDataFlood) {  // CVE-2019-9518
  run([] {
    TestServer test(echo);
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false));
    try {
      for (int i = 0; i < 30; ++i) client.send(repeat(frame(NGHTTP2_DATA, 0, 1), 100));
    } catch (const Error&) {
    }
    EXPECT_EQ(client.read_goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
  });
}
TEST_P(Http2AttackTest, ContinuationFlood) {  // CVE-2024-28182
  run([] {
    Http2TestServer test(hello);
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields(), true, false));
    try {
      for (int i = 0; i < 2000; ++i)
        client.send(frame(NGHTTP2_CONTINUATION, 0, 1, field("x-a", std::string(100, 'x'))));
    } catch (const Error&) {
    }
    const std::uint32_t code = client.read_goaway();
    EXPECT_TRUE(code == NGHTTP2_ENHANCE_YOUR_CALM || code == NGHTTP2_INTERNAL_ERROR || code == ~0u) << code;
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
  });
}
TEST_P(Http2AttackTest, HeaderBomb) {  // references to one large entry of the table, one byte each (CVE-2016-1544)
  run([] {
    Http2TestServer test(hello);
    Http2RawClient client(test.server.address());
    std::string block = request_fields();
    block += std::string("\x40\x03x-a\x7f\x81\x1e", 8) + std::string(4000, 'v');  // indexed literal of 4000 bytes
    block += std::string(10'000, '\xbe');                                         // 40 MB of it
    client.send(headers_frame(1, block.substr(0, 8000), true, false));
    client.send(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, block.substr(8000)));
    EXPECT_EQ(client.read_until(NGHTTP2_HEADERS).stream, 1);
    EXPECT_THAT(client.read_body(1), HasSubstr("too large or too many"));
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
  });
}
TEST_P(Http2AttackTest, TenThousandMutatedFrames) {
  run([] {
    Http2TestServer test(echo);
    std::minstd_rand random(20261124);
    const std::string good = headers_frame(1, request_fields("POST"), false) + frame(NGHTTP2_DATA, 0, 1, "hello") +
                             frame(NGHTTP2_PING, 0, 0, "12345678") + window_update(1, 100) +
                             frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x");
    for (int round = 0; round < 2000; ++round) {  // of five frames
      std::string bytes = good;
      for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
      Http2RawClient client(test.server.address());
      client.send(bytes);
      client.raw().finish_sending();
      try {
        client.raw().read_to_end();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);  // reset
      }
    }
    EXPECT_EQ(test.connection.open({.authority = "a"}, "well").status(), 200);
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

}  // namespace
}  // namespace marty::http
