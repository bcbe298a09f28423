// Clients that send their bodies byte by byte ("slow POST", CWE-400), in virtual time: they are ended, and nobody else
// notices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "marty/http/client.hpp"
#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::field;
using internal::frame;
using internal::headers_frame;
using internal::Http2RawClient;
using internal::RawClient;
using internal::request_fields;
using internal::TestServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using tls::internal::TestPki;
using namespace std::chrono_literals;

void sleep(runtime::Duration time) { runtime::sleep_for(time); }  // tidy:allow(sleep): virtual
void simulate(std::function<void()> test) { internal::run_in(internal::WorldKind::simulated, std::move(test)); }

struct Kind {
  std::string name;
  bool http2 = false;
  bool secure = false;
  bool told_length = true;
};

// One that holds as many requests as its connection can, and sends a byte of each now and then.
class Trickler {
 public:
  static constexpr int kStreams = 128;

  Trickler(const Kind& kind, const runtime::Address& address, const tls::ClientContext* tls)
      : kind_(kind), socket_(runtime::connect(address)) {
    if (tls != nullptr) {
      const std::vector<std::string> alpn{kind.http2 ? "h2" : "http/1.1"};
      socket_ = tls->connect(std::move(socket_), "127.0.0.1", &alpn).socket;
    }
    send(kind.http2 ? http2_requests() : http1_request());
  }
  static int requests(const Kind& kind) { return kind.http2 ? kStreams : 1; }
  void trickle() {
    if (!kind_.http2) return send(kind_.told_length ? "x" : "1\r\nx\r\n");
    std::string bytes;
    for (int i = 0; i < kStreams; ++i) bytes += frame(NGHTTP2_DATA, 0, 2 * i + 1, "x");
    send(bytes);
  }

 private:
  std::string http1_request() const {
    return std::string("POST / HTTP/1.1\r\nHost: a\r\n") +
           (kind_.told_length ? "Content-Length: 1000000\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
  }
  std::string http2_requests() const {
    std::string fields = request_fields("POST");
    if (kind_.told_length) fields += field("content-length", "1000000");
    std::string bytes = NGHTTP2_CLIENT_MAGIC + frame(NGHTTP2_SETTINGS, 0, 0);
    for (int i = 0; i < kStreams; ++i) bytes += headers_frame(2 * i + 1, fields, false);
    return bytes;
  }
  void send(std::string_view bytes) {
    try {
      socket_.write({bytes});
    } catch (const Error&) {  // the server has closed
    }
  }
  const Kind kind_;
  runtime::Socket socket_;
};

class SlowBodyTest : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SlowBodyTest,
                         testing::Values(Kind{"http1", false, false}, Kind{"http1_chunked", false, false, false},
                                         Kind{"http1_tls", false, true}, Kind{"http2", true, false},
                                         Kind{"http2_no_length", true, false, false}, Kind{"http2_tls", true, true}),
                         [](const auto& test) { return test.param.name; });

TEST_P(SlowBodyTest, others_are_served_and_the_tricklers_are_ended) {
  simulate([] {
    const Kind kind = GetParam();
    const TestPki pki;
    const tls::ServerContext tls(
        {.certificates = {pki.issue({.ip_addresses = {"127.0.0.1", "10.0.0.1"}})}, .alpn = {"h2", "http/1.1"}});
    const tls::ClientContext client_tls({.ca = pki.ca});
    int too_slow = 0, ended = 0;
    TestServer test(
        [&](Request& request, Response& response) {
          try {
            response.body() = std::to_string(request.body().size());
          } catch (const Error& error) {
            ++(error.http_status() == 408 ? too_slow : ended);
            throw;
          }
        },
        {.in_flight = 256, .body_timeout = 20s}, {.tls = kind.secure ? &tls : nullptr});
    const int requests = kind.http2 ? 3 * Trickler::kStreams : 300;  // more than may be in flight
    std::vector<std::unique_ptr<Trickler>> tricklers;
    for (int i = 0; i < requests / Trickler::requests(kind); ++i) {
      tricklers.push_back(std::make_unique<Trickler>(kind, test.server.address(), kind.secure ? &client_tls : nullptr));
      if (i % 100 == 99 || kind.http2) sleep(2s);
    }
    Client client({.tls = &client_tls});
    const std::string url = (kind.secure ? "https" : "http") + internal::url_of(test.server.address()).substr(4);
    for (int second = 0; second < 30; ++second) {
      EXPECT_EQ(client.get(url).status, 200) << second;
      const std::string body(second % 2 == 0 ? 10 : 300'000, 'x');
      EXPECT_EQ(client.send({.method = Method::post, .url = url, .body = body}).body, std::to_string(body.size()));
      if (second % 8 == 7)
        for (const auto& trickler : tricklers) trickler->trickle();
      sleep(1s);
    }
    EXPECT_GE(too_slow, 200);
    EXPECT_GE(too_slow + ended, requests - Trickler::kStreams);  // the others are refused at once
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

TEST(SlowBody, one_more_waiting_body_ends_the_one_that_has_waited_the_longest) {
  simulate([] {
    TestServer test(internal::echo, {.in_flight = 2});
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::make_unique<RawClient>(test.server.address()));
      clients.back()->send(head);
      sleep(i == 2 ? 10ms : 2s);  // the fourth comes at once behind the third
    }
    EXPECT_THAT(clients[0]->read_to_end(), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(clients[1]->read_to_end(), StartsWith("HTTP/1.1 503 "));
    for (int i : {2, 3}) {
      clients[static_cast<std::size_t>(i)]->send("ab");
      EXPECT_THAT(clients[static_cast<std::size_t>(i)]->read_to_end(), EndsWith("\r\n\r\nab"));
    }
  });
}

TEST(SlowBody, where_none_has_waited_for_long_the_new_one_is_refused) {
  simulate([] {
    TestServer test(internal::echo, {.in_flight = 1});
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
    RawClient first(test.server.address()), second(test.server.address());
    first.send(head);
    sleep(10ms);
    second.send(head);
    EXPECT_THAT(second.read_to_end(), HasSubstr("too many requests wait for their bodies"));
    first.send("ab");
    EXPECT_THAT(first.read_to_end(), EndsWith("\r\n\r\nab"));
  });
}

TEST(SlowBody, a_body_that_is_there_when_all_places_are_taken_is_refused) {
  simulate([] {
    TestServer test(
        [](Request& request, Response& response) {
          response.body() = request.body();
          if (request.target == "/busy") sleep(10s);
        },
        {.in_flight = 1});
    RawClient slow(test.server.address()), busy(test.server.address());
    slow.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\na");
    sleep(10ms);
    busy.send("POST /busy HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
    sleep(10ms);
    EXPECT_EQ(test.server.stats().requests_in_flight, 1u);
    slow.send("b");
    EXPECT_THAT(slow.read_to_end(), HasSubstr("too many requests are in flight"));
    EXPECT_THAT(busy.read_to_end(), EndsWith("\r\n\r\nab"));
  });
}

TEST(SlowBody, a_stream_of_messages_over_http1_may_be_slow) {
  simulate([] {
    TestServer test(
        [](Request& request, Response& response) {
          request.body_source->lift_limit();
          for (std::string_view piece; !(piece = request.body_source->read_piece()).empty();) response.body() += piece;
        },
        {.body_timeout = 30s});
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) {
      sleep(20s);
      client.send("1\r\nx\r\n");
    }
    client.send("0\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), HasSubstr(std::string(20, 'x')));
  });
}

TEST(SlowBody, time_in_which_the_handler_does_not_read_is_not_the_clients) {
  simulate([] {
    TestServer test(
        [](Request& request, Response& response) {
          while (!request.body_source->read_piece().empty()) {
            response.body() += 'x';
            sleep(5min);
          }
        },
        {.http2_ping_interval = 0s});
    RawClient http1(test.server.address());
    http1.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\na");
    Http2RawClient http2(test.server.address());
    http2.send(headers_frame(1, request_fields("POST"), false) + frame(NGHTTP2_DATA, 0, 1, "a"));
    sleep(4min);
    http1.send("b");
    http2.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "b"));
    sleep(8min);
    EXPECT_THAT(http1.read_to_end(), EndsWith("\r\n\r\nxx"));
    EXPECT_EQ(http2.read_body(1), "xx");
  });
}

// RFC 9113 section 5.2: what one handler does not read fills the window of all.
TEST(SlowBody, a_client_that_is_given_no_window_is_not_too_slow) {
  simulate([] {
    runtime::Event go_on;
    TestServer test(
        [&](Request& request, Response& response) {
          if (request.target == "/busy") go_on.wait();
          response.body() = std::to_string(request.body().size());
        },
        {.http2_stream_window_bytes = 64 << 10, .http2_connection_window_bytes = 64 << 10, .http2_ping_interval = 0s});
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST", "/busy"), false) +
                headers_frame(3, request_fields("POST"), false));
    for (int i = 0; i < 4; ++i) client.send(frame(NGHTTP2_DATA, 0, 1, std::string((16 << 10) - (i == 3 ? 1 : 0), 'x')));
    sleep(5min);
    go_on.set();
    sleep(1s);
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "ab"));
    EXPECT_EQ(client.read_body(3), "2");
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1));
    EXPECT_EQ(client.read_body(1), "65535");
  });
}

TEST(SlowBody, bodies_may_come_one_after_the_other) {
  simulate([] {
    TestServer test([](Request& request, Response& response) {
      std::size_t bytes = 0;
      while (const std::size_t size = request.body_source->read_piece().size()) bytes += size;
      response.body() = std::to_string(bytes);
    });
    Http2RawClient client(test.server.address());
    client.send(headers_frame(1, request_fields("POST"), false) + headers_frame(3, request_fields("POST"), false));
    for (int second = 0; second < 120; ++second) {
      client.send(frame(NGHTTP2_DATA, 0, 1, std::string(10'000, 'x')));
      sleep(1s);
    }
    client.send(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1) +
                frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "ab"));
    EXPECT_EQ(client.read_body(1), "1200000");
    EXPECT_EQ(client.read_body(3), "2");
  });
}

}  // namespace
}  // namespace marty::http
