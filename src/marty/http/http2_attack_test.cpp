// The attacks on HTTP/2 that have names, and others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::big_endian;
using internal::echo;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::hello;
using internal::Http2RawClient;
using internal::Http2TestServer;
using internal::request_fields;
using internal::TestServer;
using internal::window_update;
using namespace std::chrono_literals;

// The attacks that have names. Each ends its own connection with the right code, in bounded work, and no other.
class Http2AttackTest : public internal::WorldTest {
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
  // The error code that the server ends the connection with.
  static std::uint32_t flood(Http2RawClient& client, std::string_view bytes) {
    try {
      for (std::size_t at = 0; at < bytes.size(); at += 4000) client.send(bytes.substr(at, 4000));
    } catch (const Error&) {  // the server has closed
    }
    return client.read_goaway();
  }
  static std::string repeat(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2AttackTest, internal::kBothWorlds, internal::world_name);

TEST_P(Http2AttackTest, rapid_reset) {  // CVE-2023-44487
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
TEST_P(Http2AttackTest, ping_flood) {  // CVE-2019-9512
  attack(repeat(frame(NGHTTP2_PING, 0, 0, "12345678"), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, settings_flood) {  // CVE-2019-9515
  attack(repeat(frame(NGHTTP2_SETTINGS, 0, 0), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, window_update_flood) { attack(repeat(window_update(0, 1), 100), NGHTTP2_ENHANCE_YOUR_CALM); }
TEST_P(Http2AttackTest, unknown_frame_flood) { attack(repeat(frame(99, 0, 0, ""), 100), NGHTTP2_ENHANCE_YOUR_CALM); }
TEST_P(Http2AttackTest, priority_flood) {
  attack(repeat(frame(NGHTTP2_PRIORITY, 0, 3, std::string("\0\0\0\0\1", 5)), 100), NGHTTP2_ENHANCE_YOUR_CALM);
}
TEST_P(Http2AttackTest, empty_data_flood) {  // CVE-2019-9518
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
TEST_P(Http2AttackTest, continuation_flood) {  // CVE-2024-28182
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
TEST_P(Http2AttackTest, header_bomb) {  // references to one large entry of the table, one byte each (CVE-2016-1544)
  run([] {
    Http2TestServer test(hello);
    Http2RawClient client(test.server.address());
    std::string block = request_fields();
    block += std::string("\x40\x03x-a\x7f\x81\x1e", 8) + std::string(4000, 'v');  // indexed literal of 4000 bytes
    block += std::string(10'000, '\xbe');                                         // 40 MB of it
    client.send(headers_frame(1, block.substr(0, 8000), true, false));
    client.send(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, block.substr(8000)));
    EXPECT_EQ(client.read_until(NGHTTP2_RST_STREAM).number(), NGHTTP2_INTERNAL_ERROR);  // before all is decoded
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
  });
}
TEST_P(Http2AttackTest,
       refused_and_malformed_requests) {  // each of which is answered by a RST_STREAM that nobody reads
  run([] {
    for (const std::string_view block : {"\x82\x84\x86\x41\x01"
                                         "a",
                                         "\x82"}) {
      runtime::Event go_on;
      Http2TestServer test(
          [&](Request& request, Response&) {
            if (request.target == "/wait") go_on.wait();
          },
          {.http2_streams = 4});
      Http2RawClient client(test.server.address());
      std::int32_t id = 1;
      for (; id < 9; id += 2) client.send(headers_frame(id, request_fields("GET", "/wait")));
      std::string many;
      for (int i = 0; i < 3000; ++i, id += 2) many += headers_frame(id, block);
      EXPECT_EQ(flood(client, many), NGHTTP2_ENHANCE_YOUR_CALM);
      EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
      go_on.set();
    }
  });
}
TEST_P(Http2AttackTest, requests_that_make_the_server_reset) {  // CVE-2025-8671
  run([] {
    int started = 0;
    Http2TestServer test([&](Request& request, Response&) {
      ++started;
      request.body();
    });
    Http2RawClient client(test.server.address());
    const std::string fields = request_fields("POST") + field("content-length", "1");
    std::string many;
    for (std::int32_t id = 1; id < 10'000; id += 2)
      many += headers_frame(id, fields, false) + frame(NGHTTP2_DATA, 0, id, "too long");
    EXPECT_EQ(flood(client, many), NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_LT(started, 2'500);
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
  });
}
TEST_P(Http2AttackTest, data_that_is_all_padding) {
  run([] {
    Http2TestServer test([](Request& request, Response&) { request.body(); });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false));
    std::string many;
    for (int i = 0; i < 3000; ++i) many += frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string(1, '\0'));
    EXPECT_EQ(flood(client, many), NGHTTP2_ENHANCE_YOUR_CALM);
  });
}
TEST_P(Http2AttackTest, tiny_data_flood) {  // each wakes the reader
  run([] {
    Http2TestServer test([](Request& request, Response&) { request.body(); });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false));
    EXPECT_EQ(flood(client, repeat(frame(NGHTTP2_DATA, 0, 1, "x"), 10'000)), NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
  });
}
TEST_P(Http2AttackTest, ten_thousand_tiny_messages_are_none) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      request.body_source->lift_limit();
      std::size_t bytes = 0;
      while (const std::size_t size = request.body_source->read_piece().size()) bytes += size;
      response.set_body(std::to_string(bytes), "text/plain");
    });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false));
    const std::string some = repeat(frame(NGHTTP2_DATA, 0, 1, "x"), 100);
    for (int i = 0; i < 100; ++i) client.send(some);
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1));
    EXPECT_EQ(client.read_body(1), "10000");
  });
}
TEST_P(Http2AttackTest, ten_thousand_mutated_frames) {
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
