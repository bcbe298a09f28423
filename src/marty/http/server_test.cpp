#include "marty/http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/request_corpus.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http {
namespace {

using internal::echo;
using internal::hello;
using internal::RawClient;
using internal::run_in;
using internal::talk;
using internal::TestServer;
using internal::without_date;
using internal::WorldKind;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kHelloReply =
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

class ServerTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
};
INSTANTIATE_TEST_SUITE_P(Worlds, ServerTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(ServerTest, answers_a_request) {
  run([] {
    TestServer test(hello);
    const std::string reply = talk(test.server.address(), kGet);
    EXPECT_THAT(reply, HasSubstr("\r\nDate: "));
    EXPECT_EQ(without_date(reply), kHelloReply);
  });
}

TEST_P(ServerTest, gives_every_case_of_the_corpus_its_status_and_closes_after_a_refusal) {
  run([] {
    TestServer test(echo, {}, {.http2 = false});
    for (const internal::RequestCase& each : internal::all_request_cases()) {
      const std::string reply = talk(test.server.address(), each.bytes);
      EXPECT_THAT(reply, StartsWith("HTTP/1.1 " + std::to_string(each.status) + " ")) << each.name;
      if (each.status == 200) continue;
      EXPECT_THAT(reply, HasSubstr("\r\nConnection: close\r\n")) << each.name;
      EXPECT_THAT(reply, HasSubstr("\r\ncontent-type: application/problem+json\r\n")) << each.name;
      EXPECT_EQ(reply.find("}HTTP/1.1"), std::string::npos) << each.name << ": nothing is served behind it";
    }
  });
}

TEST_P(ServerTest, gives_the_same_status_when_bytes_arrive_in_pieces) {
  run([] {
    TestServer test(echo, {}, {.http2 = false});
    for (const internal::RequestCase& each : internal::all_request_cases()) {
      const std::size_t piece = each.bytes.size() > 1000 ? 997 : 1;
      EXPECT_THAT(talk(test.server.address(), each.bytes, piece),
                  StartsWith("HTTP/1.1 " + std::to_string(each.status) + " "))
          << each.name;
    }
  });
}

TEST_P(ServerTest, presents_the_request_to_the_handler) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.set_body(std::string(request.method_text) + "|" + std::string(request.target) + "|" +
                            std::string(request.authority) + "|" + std::string(request.header("x-a")) + "|" +
                            std::string(request.body()) + "|" + (request.peer->is_loopback() ? "loopback" : "remote") +
                            "|" + std::to_string(request.version_minor),
                        "text/plain");
      EXPECT_FALSE(request.secure);
    });
    EXPECT_THAT(
        talk(test.server.address(), "PUT /p?q HTTP/1.1\r\nHost: h:1\r\nX-A: v\r\nContent-Length: 4\r\n\r\nbody"),
        HasSubstr("PUT|/p?q|h:1|v|body|"));
  });
}

TEST_P(ServerTest, serves_pipelined_requests_in_order_with_one_write) {
  run([] {
    int served = 0;
    TestServer test([&](Request&, Response& response) { response.set_body(std::to_string(++served), "text/plain"); });
    std::string requests;
    for (int i = 0; i < 16; ++i) requests += kGet;
    const std::string reply = talk(test.server.address(), requests);
    std::size_t at = 0;
    for (int i = 1; i <= 16; ++i) {
      at = reply.find("\r\n\r\n" + std::to_string(i), at);
      ASSERT_NE(at, std::string::npos) << i;
    }
    EXPECT_EQ(test.server.stats().requests, 16u);
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(ServerTest, keeps_the_connection_between_requests) {
  run([] {
    TestServer test(hello);
    RawClient client(test.server.address());
    for (int i = 0; i < 3; ++i) {
      client.send(kGet);
      EXPECT_EQ(without_date(client.read_until("hello")), kHelloReply);
    }
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(ServerTest, closes_when_the_client_asks_for_it) {
  run([] {
    TestServer test(hello);
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), HasSubstr("Connection: close\r\n\r\nhello"));
  });
}

TEST_P(ServerTest, closes_when_the_handler_asks_for_it) {
  run([] {
    TestServer test([](Request&, Response& response) { response.close_connection(); });
    RawClient client(test.server.address());
    client.send(std::string(kGet) + std::string(kGet));
    EXPECT_THAT(without_date(client.read_to_end()),
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
}

TEST_P(ServerTest, closes_http10_connections_unless_asked_to_keep_them) {
  run([] {
    TestServer test(hello);
    RawClient closing(test.server.address());
    closing.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(closing.read_to_end(), HasSubstr("Connection: close\r\n\r\nhello"));
    RawClient keeping(test.server.address());
    for (int i = 0; i < 2; ++i) {
      keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_THAT(keeping.read_until("hello"), HasSubstr("Connection: keep-alive\r\n\r\nhello"));
    }
  });
}

TEST_P(ServerTest, answers_head_with_the_length_but_no_body) {
  run([] {
    TestServer test(hello);
    EXPECT_EQ(without_date(talk(test.server.address(), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")),
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\n");
  });
}

TEST_P(ServerTest, sends_no_body_with_statuses_that_forbid_one) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.status = request.path() == "/204" ? 204 : 304;
      response.body() = "not to be sent";
    });
    EXPECT_EQ(without_date(talk(test.server.address(), "GET /204 HTTP/1.1\r\nHost: a\r\n\r\n")),
              "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(without_date(talk(test.server.address(), "GET /304 HTTP/1.1\r\nHost: a\r\n\r\n")),
              "HTTP/1.1 304 Not Modified\r\n\r\n");
  });
}

TEST_P(ServerTest, answers_a_half_closed_client_whose_handler_waits) {
  run([] {
    TestServer test([](Request&, Response& response) {
      runtime::sleep_for(std::chrono::milliseconds(5));
      response.body() = "late";
    });
    EXPECT_THAT(talk(test.server.address(), kGet), HasSubstr("\r\n\r\nlate"));
  });
}

TEST_P(ServerTest, turns_an_error_into_problem_json) {
  run([] {
    TestServer test([](Request&, Response& response) {
      response.set_header("x-lost", "1");
      throw Error(Code::not_found, "no pet \"\x01\"");
    });
    EXPECT_EQ(
        without_date(talk(test.server.address(), kGet)),
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\nContent-Length: 103\r\n\r\n"
        R"({"type":"about:blank","title":"Not found","status":404,"detail":"no pet \"\u0001\"","code":"not_found"})");
  });
}

TEST_P(ServerTest, hides_what_other_exceptions_say) {
  run([] {
    TestServer test([](Request& request, Response&) {
      if (request.path() == "/standard") throw std::runtime_error("secret");
      if (request.path() == "/own") throw Error(Code::internal, "secret");
      throw 42;
    });
    for (const std::string path : {"/standard", "/own", "/other"}) {
      const std::string reply = talk(test.server.address(), "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_THAT(reply, StartsWith("HTTP/1.1 500 "));
      EXPECT_THAT(reply, Not(HasSubstr("secret")));
      EXPECT_THAT(reply, Not(HasSubstr("detail")));
    }
  });
}

// RFC 9110 section 15.6.4.
TEST_P(ServerTest, is_unavailable_for_a_handler_that_finds_no_memory) {
  run([] {
    TestServer test([](Request&, Response&) { throw std::bad_alloc(); });
    const std::string reply = talk(test.server.address(), kGet);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(reply, HasSubstr("retry-after: 1\r\n"));
    EXPECT_THAT(reply, HasSubstr(R"("code":"resource_exhausted")"));
  });
}

TEST_P(ServerTest, refuses_to_send_a_status_that_is_none) {
  run([] {
    TestServer test([](Request&, Response& response) { response.status = 99; });
    EXPECT_THAT(talk(test.server.address(), kGet), StartsWith("HTTP/1.1 500 "));
  });
}

TEST_P(ServerTest, serves_a_waiting_and_a_quick_request_at_the_same_time) {
  run([] {
    runtime::Event release;
    TestServer test([&](Request& request, Response& response) {
      if (request.path() == "/wait") release.wait();
      response.body() = "done";
    });
    RawClient waiting(test.server.address());
    waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(talk(test.server.address(), kGet), HasSubstr("done"));
    EXPECT_EQ(test.server.stats().requests_in_flight, 1u);
    release.set();
    EXPECT_THAT(waiting.read_until("done"), HasSubstr("200 OK"));
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

TEST_P(ServerTest, answers_more_than_the_in_flight_limit_with503) {
  run([] {
    runtime::Event entered, release;
    TestServer test(
        [&](Request&, Response&) {
          entered.set();
          release.wait();
        },
        {.in_flight = 1});
    RawClient first(test.server.address());
    first.send(kGet);
    entered.wait();
    const std::string reply = talk(test.server.address(), kGet);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(reply, HasSubstr("retry-after: 1\r\n"));
    release.set();
    EXPECT_THAT(first.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerTest, answers_more_than_the_connection_limit_with503) {
  run([] {
    TestServer test(hello, {.connections = 1});
    RawClient first(test.server.address());
    first.send(kGet);
    first.read_until("hello");
    RawClient second(test.server.address());
    EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(test.server.stats().connections_refused, 1u);
    EXPECT_EQ(test.server.stats().connections_open, 1u);
    first.send(kGet);
    EXPECT_THAT(first.read_until("hello"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_P(ServerTest, drains_by_answering_what_is_in_flight_and_closing_the_idle) {
  run([] {
    runtime::Event entered, release;
    TestServer test([&](Request&, Response& response) {
      entered.set();
      release.wait();
      response.body() = "answered";
    });
    RawClient idle(test.server.address());
    RawClient busy(test.server.address());
    busy.send(kGet);
    entered.wait();
    auto draining = runtime::spawn([&] { return test.server.drain(std::chrono::seconds(5)); });
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_THROW(RawClient{test.server.address()}.read_to_end(), Error);
    release.set();
    const std::string reply = busy.read_to_end();
    EXPECT_THAT(reply, HasSubstr("Connection: close\r\n\r\nanswered"));
    EXPECT_TRUE(draining.join());
    EXPECT_EQ(test.server.stats().connections_open, 0u);
    EXPECT_EQ(test.server.stats().requests, 1u);
  });
}

TEST_P(ServerTest, cancels_what_does_not_finish_in_time_when_it_drains) {
  run([] {
    runtime::Event entered, never;
    TestServer test([&](Request&, Response&) {
      entered.set();
      never.wait();
    });
    RawClient busy(test.server.address());
    busy.send(kGet);
    entered.wait();
    EXPECT_FALSE(test.server.drain(std::chrono::milliseconds(1)));
    EXPECT_THAT(busy.read_to_end(), StartsWith("HTTP/1.1 503 "));
  });
}

TEST_P(ServerTest, starts_and_stops_a_thousand_times) {
  run([] {
    internal::LambdaHandler handler(hello);
    Server server(handler, {.address = runtime::Address::ip("127.0.0.1", 0)});
    for (int i = 0; i < 1000; ++i) {
      server.start();
      if (i % 100 == 0) {
        EXPECT_THAT(talk(server.address(), kGet), HasSubstr("hello"));
      }
      EXPECT_TRUE(server.drain(std::chrono::seconds(1)));
    }
    EXPECT_EQ(server.stats().requests, 10u);
    EXPECT_EQ(server.stats().connections_open, 0u);
  });
}

TEST_P(ServerTest, says_which_port_is_taken) {
  run([] {
    TestServer first(hello);
    internal::LambdaHandler handler(hello);
    Server second(handler, {.address = first.server.address()});
    try {
      second.start();
      FAIL() << "it started";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::already_exists);
      EXPECT_THAT(error.message(), HasSubstr(first.server.address().to_string()));
    }
  });
}

}  // namespace
}  // namespace marty::http
