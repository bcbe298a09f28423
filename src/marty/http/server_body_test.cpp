#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"

namespace marty::http {
namespace {

using internal::echo;
using internal::RawClient;
using internal::run_in;
using internal::talk;
using internal::TestServer;
using internal::without_date;
using internal::WorldKind;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string post(std::string_view headers, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
std::string post_of_length(std::string_view body) {
  return post("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

// A stream made of pieces, for replies.
class Pieces final : public BodyStream {
 public:
  Pieces(std::vector<std::string> pieces, std::optional<std::uint64_t> length = {})
      : pieces_(std::move(pieces)), length_(length) {}
  std::optional<std::uint64_t> length() const override { return length_; }
  void write_to(BodyWriter& writer) override {
    for (const std::string& piece : pieces_) {
      if (piece == "flush") {
        writer.flush();
      } else if (piece == "throw") {
        throw Error(Code::unavailable, "the source is gone");
      } else {
        writer.write(piece);
      }
    }
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<std::uint64_t> length_;
};

class ServerBodyTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
  // The reply to `request` of a server that streams the pieces.
  std::string stream(std::vector<std::string> pieces, std::optional<std::uint64_t> length = {},
                     std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
    std::string reply;
    run([&] {
      TestServer test(
          [&](Request&, Response& response) { response.set_stream(std::make_unique<Pieces>(pieces, length)); });
      reply = without_date(talk(test.server.address(), request));
    });
    return reply;
  }
};
INSTANTIATE_TEST_SUITE_P(Worlds, ServerBodyTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(ServerBodyTest, reads_bodies_of_every_size_around_the_buffers) {
  run([] {
    TestServer test(echo);
    RawClient client(test.server.address());
    for (const std::size_t size : {1u, 4095u, 16'000u, 16'384u, 65'536u, 65'537u, 1'000'000u}) {
      const std::string body(size, static_cast<char>('a' + size % 26));
      client.send(post_of_length(body));
      EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: " + std::to_string(size) + "\r\n"));
      EXPECT_TRUE(client.read_until(body) == body) << size;
    }
  });
}

TEST_P(ServerBodyTest, reads_a_large_chunked_body) {
  run([] {
    TestServer test(echo);
    std::string chunks, expected;
    for (int i = 0; i < 300; ++i) {
      chunks += "3e8;i=" + std::to_string(i) + "\r\n" + std::string(1000, static_cast<char>('a' + i % 26)) + "\r\n";
      expected += std::string(1000, static_cast<char>('a' + i % 26));
    }
    const std::string reply =
        talk(test.server.address(), post("Transfer-Encoding: chunked\r\n", chunks + "0\r\nX-Sum: 1\r\n\r\n"));
    EXPECT_TRUE(reply.ends_with("\r\n\r\n" + expected));
  });
}

TEST_P(ServerBodyTest, streams_a_body_in_pieces_to_the_handler) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      char piece[3];
      int reads = 0;
      while (const std::size_t size = request.body_source->read_some(piece)) {
        response.body().append(piece, size);
        ++reads;
      }
      EXPECT_GE(reads, 4);
      EXPECT_EQ(request.body_source->read_some(piece), 0u);
    });
    EXPECT_THAT(talk(test.server.address(), post_of_length("0123456789")), EndsWith("\r\n\r\n0123456789"));
    EXPECT_THAT(talk(test.server.address(), post("Transfer-Encoding: chunked\r\n", "a\r\n0123456789\r\n0\r\n\r\n")),
                EndsWith("\r\n\r\n0123456789"));
  });
}

TEST_P(ServerBodyTest, tells_the_length_where_the_client_did) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      const auto length = request.body_source->length();
      response.body() = length ? std::to_string(*length) : "unknown";
    });
    EXPECT_THAT(talk(test.server.address(), post_of_length("abc")), EndsWith("\r\n\r\n3"));
    EXPECT_THAT(talk(test.server.address(), post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")),
                EndsWith("\r\n\r\nunknown"));
  });
}

TEST_P(ServerBodyTest, gives_the_same_body_to_whoever_asks_again) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.body() = std::string(request.body()) + "+" + std::string(request.body());
      EXPECT_THROW(request.body(2), Error);
    });
    EXPECT_THAT(talk(test.server.address(), post_of_length("abc")), EndsWith("\r\n\r\nabc+abc"));
  });
}

TEST_P(ServerBodyTest, refuses_a_body_over_the_handlers_limit) {
  run([] {
    TestServer test([](Request& request, Response& response) { response.body() = request.body(4); });
    EXPECT_THAT(talk(test.server.address(), post_of_length("12345")), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(talk(test.server.address(), post("Transfer-Encoding: chunked\r\n", "3\r\n123\r\n2\r\n45\r\n0\r\n\r\n")),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(talk(test.server.address(), post_of_length("1234")), EndsWith("\r\n\r\n1234"));
  });
}

TEST_P(ServerBodyTest, refuses_a_body_over_the_servers_limit_before_it_arrives) {
  run([] {
    bool handled = false;
    TestServer test([&](Request&, Response&) { handled = true; }, {.body_bytes = 1000});
    RawClient client(test.server.address());
    client.send(post("Content-Length: 1001\r\n", ""));
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
    EXPECT_FALSE(handled);
  });
}

TEST_P(ServerBodyTest, sends_continue_only_when_the_handler_reads) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      if (request.path() == "/read") response.body() = request.body();
    });
    RawClient reading(test.server.address());
    reading.send("PUT /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(reading.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    reading.send("abc");
    EXPECT_THAT(reading.read_until("abc"), StartsWith("HTTP/1.1 200 "));

    RawClient refused(test.server.address());
    refused.send("PUT /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    const std::string reply = refused.read_to_end();
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
  });
}

TEST_P(ServerBodyTest, sends_no_continue_when_the_body_has_arrived) {
  run([] {
    TestServer test(echo);
    EXPECT_THAT(talk(test.server.address(), post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc")),
                StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerBodyTest, keeps_the_connection_when_an_unread_body_is_small) {
  run([] {
    TestServer test([](Request& request, Response& response) { response.body() = request.path(); });
    const std::string body(40'000, 'x');
    RawClient client(test.server.address());
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n");
    EXPECT_THAT(client.read_until("\n/1"), Not(HasSubstr("Connection: close")));  // before the body was sent
    client.send(body +
                "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /3 "
                "HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_until("\n/2"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(client.read_until("\n/3"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerBodyTest, closes_when_an_unread_body_is_large) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body() = "early"; });
    RawClient client(test.server.address());
    client.send(post("Content-Length: 100000\r\n", "abc"));
    EXPECT_THAT(client.read_to_end(), HasSubstr("Connection: close\r\n\r\nearly"));
  });
}

TEST_P(ServerBodyTest, ends_quietly_when_the_client_goes_in_the_middle_of_a_body) {
  run([] {
    Code code = Code::ok;
    TestServer test([&](Request& request, Response&) {
      try {
        request.body();
      } catch (const Error& error) {
        code = error.code();
        throw;
      }
    });
    EXPECT_THAT(talk(test.server.address(), post("Content-Length: 10\r\n", "abc")), StartsWith("HTTP/1.1 499 "));
    EXPECT_EQ(code, Code::cancelled);  // no fault of the server's
  });
}

// More of them than the receive buffer holds: heads are moved to its front when a body has to follow them.
TEST_P(ServerBodyTest, keeps_each_pipelined_requests_own_headers_and_body) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      std::string& seen = response.body();
      for (const Header& header : request.headers)
        seen.append(header.name).append("=").append(header.value).append(";");
      seen.append(request.target).append(request.authority).append(request.body());
    });
    std::string requests, expected;
    for (int i = 1000; i < 1500; ++i) {
      const std::string id = std::to_string(i);
      requests +=
          "POST /" + id + " HTTP/1.1\r\nHost: h" + id + "\r\nX-Id: " + id + "\r\nContent-Length: 4\r\n\r\n" + id;
      expected += "Host=h" + id + ";X-Id=" + id + ";Content-Length=4;/" + id + "h" + id + id;
    }
    std::string replies = talk(test.server.address(), requests), bodies;
    for (std::size_t at = replies.find("\r\n\r\n"); at != std::string::npos; at = replies.find("\r\n\r\n", at + 4)) {
      bodies += replies.substr(at + 4, replies.find("HTTP/1.1", at) - at - 4);
    }
    EXPECT_TRUE(bodies == expected);
  });
}

TEST_P(ServerBodyTest, answers_earlier_requests_before_it_waits_for_a_body) {
  run([] {
    TestServer test(echo);
    RawClient client(test.server.address());
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + post("Content-Length: 3\r\n", "a"));
    EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
    client.send("bc");
    EXPECT_THAT(client.read_until("abc"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerBodyTest, sends_a_large_body_to_a_slow_reader) {
  run([] {
    std::string body(3'000'000, 'x');
    for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
    TestServer test([&](Request&, Response& response) { response.body() = body; });
    EXPECT_TRUE(talk(test.server.address(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("\r\n\r\n" + body));
  });
}

TEST_P(ServerBodyTest, streams_in_chunks_when_the_length_is_unknown) {
  EXPECT_EQ(stream({"hello", "flush", "", " world!"}),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n world!\r\n0\r\n\r\n");
}

TEST_P(ServerBodyTest, a_stream_that_is_over_before_its_head_went_out_is_like_a_body_in_memory) {
  EXPECT_EQ(stream({"hello", " world!"}), "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world!");
  EXPECT_THAT(stream({"hello"}, {}, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: keep-alive\r\n"));
}

TEST_P(ServerBodyTest, streams_large_pieces_without_copies) {
  const std::string piece(100'000, 'x');
  EXPECT_TRUE(stream({"a", piece}) ==
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n186a0\r\n" + piece + "\r\n0\r\n\r\n");
}

TEST_P(ServerBodyTest, streams_a_known_length_as_it_is) {
  EXPECT_EQ(stream({"hello", " world!"}, 12), "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world!");
}

TEST_P(ServerBodyTest, closes_behind_an_http10_stream_of_unknown_length) {
  EXPECT_EQ(stream({"hello", "flush"}, {}, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
}

TEST_P(ServerBodyTest, runs_no_stream_for_head) {
  EXPECT_EQ(stream({"throw"}, {}, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(stream({"throw"}, 7, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
}

TEST_P(ServerBodyTest, answers_an_error_when_a_stream_fails_before_its_head_was_sent) {
  EXPECT_THAT(stream({"some", "throw"}), StartsWith("HTTP/1.1 503 "));
}

TEST_P(ServerBodyTest, cuts_the_connection_when_a_stream_fails_later) {
  EXPECT_EQ(stream({"some", "flush", "more", "throw"}),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n");
}

TEST_P(ServerBodyTest, never_sends_more_or_less_than_the_length_a_stream_has_told) {
  EXPECT_THAT(stream({"hello"}, 4), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(stream({"hello"}, 6), StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(stream({"hello", "flush"}, 6), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
}

TEST_P(ServerBodyTest, flushes_server_sent_events_at_once) {
  run([] {
    runtime::Event next;
    class Events final : public BodyStream {
     public:
      explicit Events(runtime::Event& next) : next_(next) {}
      void write_to(BodyWriter& writer) override {
        writer.write("data: 1\n\n");
        writer.flush();
        next_.wait();
        writer.write("data: 2\n\n");
      }

     private:
      runtime::Event& next_;
    };
    TestServer test([&](Request&, Response& response) { response.set_stream(std::make_unique<Events>(next)); });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_until("data: 1\n\n"), StartsWith("HTTP/1.1 200 "));
    next.set();
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
  });
}

}  // namespace
}  // namespace marty::http
