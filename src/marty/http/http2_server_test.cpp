#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::echo;
using internal::error_of;
using internal::Http2RawClient;
using internal::Http2TestServer;
using internal::run_in;
using internal::talk;
using internal::TestServer;
using internal::WorldKind;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::size_t kAll = ~std::size_t{0};

std::string read_rest(ClientStream& stream) { return std::string(stream.read_all(kAll)); }

class Http2ServerTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
};
INSTANTIATE_TEST_SUITE_P(Worlds, Http2ServerTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(Http2ServerTest, answers_a_request_and_presents_it_to_the_handler) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      response.status = 201;
      response.add_header("X-Greeting", "yes");
      response.set_body(std::string(request.method_text) + "|" + std::string(request.target) + "|" +
                            std::string(request.authority) + "|" + std::string(request.header("X-Name")) + "|" +
                            std::string(request.body()) + "|" + std::to_string(request.version_major) + "." +
                            std::to_string(request.version_minor) + "|" +
                            (request.peer->is_loopback() ? "loopback" : "remote"),
                        "text/plain");
    });
    const Header headers[] = {{"X-Name", "value"}};
    ClientStream stream =
        test.connection.open({.method = "PUT", .authority = "shop:1", .path = "/p?q=1", .headers = headers}, "body");
    EXPECT_EQ(stream.status(), 201);
    EXPECT_EQ(stream.headers().get("x-greeting"), "yes");
    EXPECT_EQ(stream.headers().get("content-type"), "text/plain");
    EXPECT_EQ(stream.headers().get("date").size(), 29u);
    const std::string body = read_rest(stream);
    EXPECT_THAT(body, StartsWith("PUT|/p?q=1|shop:1|value|body|2.0|"));
    EXPECT_EQ(stream.headers().get("content-length"), std::to_string(body.size()));
    EXPECT_EQ(stream.trailers().size(), 0u);
  });
}

TEST_P(Http2ServerTest, serves_many_streams_of_one_connection_at_the_same_time) {
  run([] {
    int running = 0, most = 0;
    runtime::Event all;
    Http2TestServer test([&](Request& request, Response& response) {
      most = std::max(most, ++running);
      if (running == 100) all.set();
      all.wait();
      --running;
      response.set_body(request.body(), "text/plain");
    });
    std::vector<ClientStream> streams;
    for (int i = 0; i < 100; ++i) streams.push_back(test.connection.open({.authority = "a"}, std::to_string(i)));
    for (int i = 99; i >= 0; --i) EXPECT_EQ(read_rest(streams[static_cast<std::size_t>(i)]), std::to_string(i));
    EXPECT_EQ(most, 100);
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
    EXPECT_EQ(test.server.stats().requests, 100u);
  });
}

TEST_P(Http2ServerTest, echoes_bodies_larger_than_every_window) {
  run([] {
    Http2TestServer test(echo);
    std::string body(5'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7919 % 26);
    ClientStream stream = test.connection.open({.authority = "a"});
    for (std::size_t at = 0; at < body.size(); at += 77'777) stream.write(std::string_view(body).substr(at, 77'777));
    stream.finish();
    EXPECT_EQ(stream.status(), 200);
    EXPECT_TRUE(read_rest(stream) == body);
  });
}

TEST_P(Http2ServerTest, a_handler_reads_and_writes_at_the_same_time) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      response.add_header("x-kind", "echo");
      BodyWriter& writer = response.begin();
      EXPECT_EQ(&writer, &response.begin());
      for (std::string_view piece; !(piece = request.body_source->read_piece()).empty();) writer.write(piece);
      response.add_header("x-late", "becomes a trailer");
      response.add_trailer("x-sum", "3");
    });
    ClientStream stream = test.connection.open({.authority = "a"});
    EXPECT_EQ(stream.status(), 200);  // before anything of the body is sent
    EXPECT_EQ(stream.headers().get("x-kind"), "echo");
    for (const std::string_view text : {"one", "two", "three"}) {
      stream.write(text);
      EXPECT_EQ(stream.read_piece(), text);
    }
    stream.finish();
    EXPECT_EQ(stream.read_piece(), "");
    EXPECT_TRUE(stream.has_ended());
    EXPECT_EQ(stream.trailers().get("x-sum"), "3");
    EXPECT_EQ(stream.trailers().get("x-late"), "becomes a trailer");
  });
}

TEST_P(Http2ServerTest, sends_trailers_behind_a_fixed_body_and_behind_none) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      response.body() = request.target == "/empty" ? "" : "body";
      response.add_trailer("X-Status", "0");
    });
    for (const std::string_view path : {"/empty", "/full"}) {
      ClientStream stream = test.connection.open({.authority = "a", .path = path}, "");
      EXPECT_EQ(read_rest(stream), path == "/empty" ? "" : "body");
      EXPECT_EQ(stream.trailers().get("x-status"), "0") << path;
      EXPECT_EQ(stream.headers().get("content-length"), "");
    }
  });
}

TEST_P(Http2ServerTest, writes_no_body_for_head_and204) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      if (request.target == "/none") {
        response.status = 204;
      } else if (request.target == "/begun") {
        response.begin().write("nothing of this is sent");
      } else {
        response.set_body("four", "text/plain");
      }
    });
    ClientStream head = test.connection.open({.method = "HEAD", .authority = "a"}, "");
    EXPECT_EQ(head.status(), 200);
    EXPECT_EQ(head.headers().get("content-length"), "4");
    EXPECT_EQ(read_rest(head), "");
    ClientStream begun = test.connection.open({.method = "HEAD", .authority = "a", .path = "/begun"}, "");
    EXPECT_EQ(begun.status(), 200);
    EXPECT_EQ(read_rest(begun), "");
    ClientStream none = test.connection.open({.authority = "a", .path = "/none"}, "");
    EXPECT_EQ(none.status(), 204);
    EXPECT_EQ(none.headers().get("content-length"), "");
    EXPECT_EQ(read_rest(none), "");
  });
}

// A stream of pieces; "throw" among them ends it badly.
class Pieces final : public BodyStream {
 public:
  explicit Pieces(std::vector<std::string> pieces, std::optional<std::uint64_t> length = {})
      : pieces_(std::move(pieces)), length_(length) {}
  std::optional<std::uint64_t> length() const override { return length_; }
  void write_to(BodyWriter& writer) override {
    for (const std::string& piece : pieces_) {
      if (piece == "throw") throw Error(Code::unavailable, "the source is gone");
      if (piece == "flush")
        writer.flush();
      else
        writer.write(piece);
    }
  }

 private:
  const std::vector<std::string> pieces_;
  const std::optional<std::uint64_t> length_;
};

TEST_P(Http2ServerTest, streams_a_body_and_says_its_length_where_it_is_known) {
  run([] {
    const std::string large(300'000, 'x');
    Http2TestServer test([&](Request& request, Response& response) {
      if (request.target == "/known")
        response.set_stream(std::make_unique<Pieces>(std::vector<std::string>{"abc"}, 3));
      else
        response.set_stream(std::make_unique<Pieces>(std::vector<std::string>{"a", "flush", large, "z"}));
    });
    ClientStream known = test.connection.open({.authority = "a", .path = "/known"}, "");
    EXPECT_EQ(read_rest(known), "abc");
    EXPECT_EQ(known.headers().get("content-length"), "3");
    ClientStream unknown = test.connection.open({.authority = "a"}, "");
    EXPECT_TRUE(read_rest(unknown) == "a" + large + "z");
    EXPECT_EQ(unknown.headers().get("content-length"), "");
  });
}

TEST_P(Http2ServerTest, a_stream_that_fails_is_a_reply_before_its_head_is_out_and_a_reset_afterwards) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      const bool early = request.target == "/early";
      response.set_stream(std::make_unique<Pieces>(early ? std::vector<std::string>{"a", "throw"}
                                                         : std::vector<std::string>{"a", "flush", "throw"}));
    });
    ClientStream early = test.connection.open({.authority = "a", .path = "/early"}, "");
    EXPECT_EQ(early.status(), 503);
    EXPECT_THAT(read_rest(early), HasSubstr(R"("code":"unavailable")"));
    ClientStream late = test.connection.open({.authority = "a", .path = "/late"}, "");
    EXPECT_EQ(late.status(), 200);
    const Error error = error_of([&] { read_rest(late); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("INTERNAL_ERROR"));
  });
}

TEST_P(Http2ServerTest, an_error_of_the_handler_is_a_problem_or_a_reset) {
  run([] {
    Http2TestServer test([](Request& request, Response& response) {
      if (request.target == "/late") response.begin().write("a");
      throw Error(Code::not_found, "there is no pet 7");
    });
    ClientStream early = test.connection.open({.authority = "a"}, "");
    EXPECT_EQ(early.status(), 404);
    EXPECT_THAT(read_rest(early), HasSubstr("there is no pet 7"));
    ClientStream late = test.connection.open({.authority = "a", .path = "/late"}, "");
    EXPECT_EQ(error_of([&] { read_rest(late); }).code(), Code::unavailable);
    EXPECT_TRUE(test.connection.is_usable());
  });
}

TEST_P(Http2ServerTest, a_client_that_gives_up_cancels_its_handler) {
  run([] {
    Error seen(Code::ok, "");
    runtime::Event started, ended;
    Http2TestServer test([&](Request&, Response&) {
      started.set();
      seen = error_of([] { runtime::sleep_for(1h); });
      ended.set();
    });
    {
      ClientStream stream = test.connection.open({.authority = "a"}, "");
      started.wait();
    }
    ended.wait();
    EXPECT_EQ(seen.code(), Code::cancelled);
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

TEST_P(Http2ServerTest, a_lost_connection_cancels_all_handlers) {
  run([] {
    int cancelled = 0;
    runtime::Event started, ended;
    TestServer test([&](Request&, Response&) {
      static int running;
      if (++running == 3) started.set();
      if (error_of([] { runtime::sleep_for(1h); }).code() == Code::cancelled) ++cancelled;
      if (--running == 0) ended.set();
    });
    {
      Http2Connection connection(runtime::connect(test.server.address()));
      std::vector<ClientStream> streams;
      for (int i = 0; i < 3; ++i) streams.push_back(connection.open({.authority = "a"}, ""));
      started.wait();
    }
    ended.wait();
    EXPECT_EQ(cancelled, 3);
  });
}

TEST_P(Http2ServerTest, both_versions_share_a_port_unless_one_is_turned_off) {
  run([] {
    const std::string old_request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    TestServer both(echo);
    EXPECT_THAT(talk(both.server.address(), old_request), StartsWith("HTTP/1.1 200 "));
    Http2Connection connection(runtime::connect(both.server.address()));
    EXPECT_EQ(connection.open({.authority = "a"}, "").status(), 200);

    TestServer only_new(echo, {}, {.http1 = false});
    Http2RawClient raw(only_new.server.address());
    raw.send(internal::headers_frame(1, internal::request_fields()));
    EXPECT_EQ(raw.read_until(NGHTTP2_HEADERS).stream, 1);
    internal::RawClient old(only_new.server.address());
    old.send(old_request);
    EXPECT_EQ(old.read_to_end().find("HTTP/1.1"), std::string::npos);
  });
}

TEST_P(Http2ServerTest, a_drain_answers_what_is_in_flight_and_turns_the_client_away) {
  run([] {
    runtime::Event started, go_on;
    Http2TestServer test([&](Request&, Response& response) {
      started.set();
      go_on.wait();
      response.body() = "done";
    });
    ClientStream stream = test.connection.open({.authority = "a"}, "");
    started.wait();
    auto drain = runtime::spawn([&] { return test.server.drain(10s); });
    while (test.connection.is_usable()) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    EXPECT_EQ(error_of([&] { test.connection.open({.authority = "a"}, ""); }).code(), Code::unavailable);
    EXPECT_FALSE(drain.done());
    go_on.set();
    EXPECT_EQ(read_rest(stream), "done");
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(Http2ServerTest, a_drain_that_takes_too_long_cuts_streams_off) {
  run([] {
    runtime::Event started;
    Error seen(Code::ok, "");
    Http2TestServer test([&](Request&, Response&) {
      started.set();
      seen = error_of([] { runtime::sleep_for(1h); });
    });
    ClientStream stream = test.connection.open({.authority = "a"}, "");
    started.wait();
    EXPECT_FALSE(test.server.drain(50ms));
    EXPECT_EQ(seen.code(), Code::cancelled);
    EXPECT_EQ(error_of([&] { stream.status(); }).code(), Code::unavailable);
  });
}

TEST_P(Http2ServerTest, closes_an_idle_connection_with_a_good_bye) {
  run([] {
    Http2TestServer test(echo);
    EXPECT_EQ(test.connection.open({.authority = "a"}, "").status(), 200);
    EXPECT_TRUE(test.server.drain(10s));
    EXPECT_FALSE(test.connection.is_usable());
  });
}

}  // namespace
}  // namespace marty::http
