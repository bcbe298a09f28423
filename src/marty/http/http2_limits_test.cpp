// What a client of HTTP/2 may not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"
#include "marty/http/internal/request_corpus.hpp"

namespace marty::http {
namespace {

using internal::echo;
using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::hello;
using internal::Http2Frame;
using internal::Http2RawClient;
using internal::Http2TestServer;
using internal::request_fields;
using internal::TestServer;
using testing::AnyOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Http2LimitsTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2LimitsTest, internal::kBothWorlds, internal::world_name);

TEST_P(Http2LimitsTest, refuses_heads_bodies_and_targets_that_are_too_large) {
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

TEST_P(Http2LimitsTest, refuses_heads_that_http_forbids) {
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

TEST_P(Http2LimitsTest, refuses_targets_and_authorities_that_are_not_valid) {
  run([] {
    Http2TestServer test(hello);
    // 0: nghttp2 has reset the stream by itself; it knows characters, not grammars.
    const auto status = [&](std::string_view path, std::string_view authority, std::span<const Header> headers = {}) {
      try {
        return test.connection.open({.method = "GET", .authority = authority, .path = path, .headers = headers}, "")
            .status();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);
        return 0;
      }
    };
    for (const std::string_view path : internal::kTargets) EXPECT_EQ(status(path, "a"), 200) << path;
    for (const std::string_view path : internal::kNoTargets) EXPECT_THAT(status(path, "a"), AnyOf(400, 0)) << path;
    for (const std::string_view text : internal::kAuthorities) EXPECT_EQ(status("/a", text), 200) << text;
    for (const std::string_view text : internal::kNoAuthorities) EXPECT_THAT(status("/a", text), AnyOf(400, 0)) << text;
    EXPECT_EQ(status("/a|b", "a"), 400);
    EXPECT_EQ(status("/a", "x:abc"), 400);
    const Header wrong[] = {{"host", "x:abc"}};
    EXPECT_THAT(status("/a", "", wrong), AnyOf(400, 0));
    EXPECT_EQ(status("/a", "x", wrong), 400);
  });
}

// RFC 9113 section 8.3.1: they are compared after normalization.
TEST_P(Http2LimitsTest, a_host_beside_the_authority_names_the_same) {
  run([] {
    Http2TestServer test(hello);
    const auto status = [&](std::string_view scheme, std::string_view authority, std::string_view host) {
      const Header headers[] = {{"host", host}};
      return test.connection.open({.method = "GET", .scheme = scheme, .authority = authority, .headers = headers}, "")
          .status();
    };
    EXPECT_EQ(status("http", "a", "other"), 400);
    EXPECT_EQ(status("http", "a", "A"), 200);
    EXPECT_EQ(status("http", "a", "a:80"), 200);
    EXPECT_EQ(status("http", "a:80", "a"), 200);
    EXPECT_EQ(status("https", "a", "a:443"), 200);
    EXPECT_EQ(status("http", "a", "a:443"), 400);
    EXPECT_EQ(status("https", "a", "a:80"), 400);
  });
}

// RFC 9112 section 3, RFC 9110 section 10.1.1: as over HTTP/1.1.
TEST_P(Http2LimitsTest, refuses_methods_that_are_too_long_and_expectations_that_are_not_known) {
  run([] {
    Http2TestServer test(hello);
    const auto status = [&](std::string_view method, std::span<const Header> headers = {}) {
      return test.connection.open({.method = method, .authority = "a", .headers = headers}, "").status();
    };
    EXPECT_EQ(status(std::string(65, 'A')), 501);
    EXPECT_EQ(status(std::string(64, 'A')), 200);
    const Header odd[] = {{"expect", "the-unexpected"}};
    EXPECT_EQ(status("PUT", odd), 417);
  });
}

TEST_P(Http2LimitsTest, refuses_more_streams_than_allowed_and_more_requests_than_there_is_room_for) {
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

TEST_P(Http2LimitsTest, a_request_that_is_answered_early_may_end_shortly_but_not_go_on) {
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

TEST_P(Http2LimitsTest, streams_are_opened_in_order_also_within_one_read) {  // RFC 9113 section 5.1.1
  run([] {
    TestServer test(hello);
    Http2RawClient client(test.server.address());
    client.send(headers_frame(5, request_fields()) + headers_frame(3, request_fields()));
    EXPECT_EQ(client.read_goaway(), NGHTTP2_STREAM_CLOSED);
  });
}

TEST_P(Http2LimitsTest, frames_on_closed_streams_end_the_connection) {
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

}  // namespace
}  // namespace marty::http
