#include "marty/http/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::url_of;
using internal::WorldKind;
using testing::HasSubstr;

// A server that answers with bytes as they are: each connection gets the next script, one entry for each request that
// it has read.
class ScriptedServer {
 public:
  using Script = std::vector<std::string>;  // "close": closes instead of answering

  explicit ScriptedServer(std::deque<Script> scripts)
      : scripts_(std::move(scripts)), listener_(runtime::listen(runtime::Address::ip("127.0.0.1", 0))) {}

  runtime::Address address() const { return listener_.local_address(); }
  const std::vector<std::string>& requests() const { return requests_; }
  int connections() const { return connections_; }

  // One connection after the other.
  void serve() {
    while (!scripts_.empty()) {
      runtime::Socket socket = listener_.accept();
      ++connections_;
      const Script script = std::move(scripts_.front());
      scripts_.pop_front();
      for (const std::string& reply : script) {
        if (!read_request(socket)) break;
        if (reply == "close") break;
        socket.write({reply});
      }
    }
  }

 private:
  bool read_request(runtime::Socket& socket) {
    std::string request;
    char buffer[4096];
    while (!request.ends_with("\r\n\r\n") && !request.ends_with("\r\n\r\nbody")) {
      const std::size_t size = socket.read_some(buffer);
      if (size == 0) return false;
      request.append(buffer, size);
    }
    requests_.push_back(request);
    return true;
  }

  std::deque<Script> scripts_;
  std::vector<std::string> requests_;
  runtime::Listener listener_;
  int connections_ = 0;
};

class ClientTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(std::function<void()> test) { run_in(GetParam(), std::move(test)); }
  void with_script(std::deque<ScriptedServer::Script> scripts, std::function<void(ScriptedServer&)> test) {
    run([&] {
      ScriptedServer server(scripts);
      auto serving = runtime::spawn([&] { server.serve(); });
      test(server);
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Worlds, ClientTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_P(ClientTest, sends_a_request_and_returns_the_reply) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.status = 201;
      response.add_header("x-seen", std::string(request.method_text) + " " + std::string(request.target) + " " +
                                        std::string(request.header("x-a")));
      response.set_body(request.body(), "text/plain");
    });
    Client client;
    const Reply reply = client.send({.method = Method::post,
                                     .url = url_of(test.server.address(), "/pets?x=1#part"),
                                     .headers = {{"x-a", "1"}},
                                     .body = "hello"});
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.header("X-Seen"), "POST /pets?x=1 1");
    EXPECT_EQ(reply.header("content-length"), "5");
    EXPECT_EQ(reply.header("none"), "");
    EXPECT_EQ(reply.body, "hello");
  });
}

TEST_P(ClientTest, sends_the_request_as_the_standard_has_it) {
  with_script({{std::string(kOk)}, {std::string(kOk)}, {std::string(kOk)}}, [](ScriptedServer& server) {
    const std::string host = "Host: " + server.address().to_string() + "\r\n";
    Client().get(url_of(server.address()));
    Client().send({.method = Method::put, .url = url_of(server.address()), .body = "body"});
    Client().send({.method = Method::post, .url = url_of(server.address()), .headers = {{"Host", "shop"}}});
    EXPECT_EQ(server.requests(),
              (std::vector<std::string>{"GET / HTTP/1.1\r\n" + host + "\r\n",
                                        "PUT / HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nbody",
                                        "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n"}));
  });
}

TEST_P(ClientTest, reuses_its_connection) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body() = "ok"; });
    Client client;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get(url_of(test.server.address())).body, "ok");
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(ClientTest, opens_no_more_connections_than_allowed) {
  run([] {
    int at_once = 0, most = 0;
    TestServer test([&](Request&, Response&) {
      most = std::max(most, ++at_once);
      runtime::sleep_for(std::chrono::milliseconds(1));
      --at_once;
    });
    Client client({.connections_per_origin = 2});
    const auto get = [&] { return client.get(url_of(test.server.address())).status; };
    auto first = runtime::spawn(get), second = runtime::spawn(get), third = runtime::spawn(get),
         fourth = runtime::spawn(get);
    EXPECT_EQ(first.join() + second.join() + third.join() + fourth.join(), 800);
    EXPECT_EQ(most, 2);
    EXPECT_EQ(test.server.stats().connections_accepted, 2u);
  });
}

TEST_P(ClientTest, reads_every_kind_of_body) {
  with_script(
      {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil the end"}},
      [](ScriptedServer& server) {
        Client client;
        const auto get = [&] { return client.get(url_of(server.address())); };
        EXPECT_EQ(get().body, "abc");
        EXPECT_EQ(get().status, 204);
        EXPECT_EQ(get().status, 304);
        EXPECT_EQ(get().body, "ok");
        EXPECT_EQ(get().body, "");
        EXPECT_EQ(get().body, "until the end");
        EXPECT_EQ(server.connections(), 1);
      });
}

TEST_P(ClientTest, expects_no_body_behind_head) {
  with_script({{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", std::string(kOk)}}, [](ScriptedServer& server) {
    Client client;
    EXPECT_EQ(client.send({.method = Method::head, .url = url_of(server.address())}).header("content-length"), "10");
    EXPECT_EQ(client.get(url_of(server.address())).body, "ok");
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_P(ClientTest, does_not_reuse_a_connection_that_the_server_closes) {
  with_script({{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
               {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
               {std::string(kOk)}},
              [](ScriptedServer& server) {
                Client client;
                for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get(url_of(server.address())).body, "ok");
                EXPECT_EQ(server.connections(), 3);
              });
}

TEST(Client, does_not_reuse_a_connection_that_it_knows_to_be_closed) {
  run_in(WorldKind::real, [] {
    ScriptedServer server({{std::string(kOk)}, {std::string(kOk)}});  // closes behind each reply without saying so
    auto serving = runtime::spawn([&] { server.serve(); });
    Client client;
    client.get(url_of(server.address()));
    EXPECT_EQ(client.send({.method = Method::post, .url = url_of(server.address()), .body = "body"}).body, "ok");
    EXPECT_EQ(server.requests().size(), 2u);
  });
}

TEST_P(ClientTest, repeats_an_idempotent_request_whose_connection_broke_before_the_reply) {
  with_script({{std::string(kOk), "close"}, {std::string(kOk)}}, [](ScriptedServer& server) {
    Client client;
    client.get(url_of(server.address()));
    EXPECT_EQ(client.send({.method = Method::put, .url = url_of(server.address()), .body = "body"}).body, "ok");
    EXPECT_EQ(server.requests().size(), 3u);
  });
}

TEST_P(ClientTest, does_not_repeat_a_request_that_may_have_been_carried_out) {
  with_script({{std::string(kOk), "close"}, {std::string(kOk)}}, [](ScriptedServer& server) {
    Client client;
    client.get(url_of(server.address()));
    const Error error =
        error_of([&] { client.send({.method = Method::post, .url = url_of(server.address()), .body = "body"}); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("POST " + url_of(server.address())));
    EXPECT_EQ(server.requests().size(), 2u);
    client.get(url_of(server.address()));
  });
}

TEST_P(ClientTest, does_not_repeat_once_the_reply_has_begun) {
  with_script({{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}}, [](ScriptedServer& server) {
    const Error error = error_of([&] { Client().get(url_of(server.address())); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("in the middle of a body"));
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_P(ClientTest, repeats_no_more_often_than_told_to) {
  with_script({{"close"}, {"close"}, {"close"}}, [](ScriptedServer& server) {
    EXPECT_EQ(error_of([&] { Client({.retries = 1}).get(url_of(server.address())); }).code(), Code::unavailable);
    EXPECT_EQ(server.connections(), 2);
    EXPECT_EQ(error_of([&] { Client({.retries = 0}).get(url_of(server.address())); }).code(), Code::unavailable);
    EXPECT_EQ(server.connections(), 3);
  });
}

TEST_P(ClientTest, refuses_replies_that_are_not_http) {
  for (const std::string_view reply :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX Name: v\r\n\r\n", "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 101 Switching\r\n\r\n"}) {
    with_script({{std::string(reply)}}, [&](ScriptedServer& server) {
      EXPECT_EQ(error_of([&] { Client().get(url_of(server.address())); }).code(), Code::unavailable) << reply;
    });
  }
}

TEST_P(ClientTest, refuses_interim_replies_without_end) {
  std::string interim;
  for (int i = 0; i < 10'000; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  with_script({{interim + std::string(kOk)}}, [](ScriptedServer& server) {
    const Error error = error_of([&] { Client().get(url_of(server.address())); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("interim replies without end"));
  });
}

TEST_P(ClientTest, refuses_a_reply_larger_than_allowed) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body().assign(1001, 'x'); });
    EXPECT_EQ(error_of([&] { Client({.max_reply_bytes = 1000}).get(url_of(test.server.address())); }).code(),
              Code::out_of_range);
    EXPECT_EQ(Client({.max_reply_bytes = 1001}).get(url_of(test.server.address())).body.size(), 1001u);
  });
}

TEST_P(ClientTest, tells_no_token_of_a_query_in_its_errors) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body().assign(1001, 'x'); });
    const std::string origin = url_of(test.server.address());
    const Error error =
        error_of([&] { Client({.max_reply_bytes = 1000}).get(origin + "/a?page=2&access_token=hunter2"); });
    EXPECT_EQ(error.code(), Code::out_of_range);
    EXPECT_THAT(error.message(), HasSubstr("GET " + origin + "/a?page=2&access_token=[redacted]: "));
    for (const char* refused : {"http://me:hunter2@shop/", "http://shop:x/?token=hunter2"})
      EXPECT_THAT(error_of([&] { Client().get(refused); }).message(), testing::Not(HasSubstr("hunter2")));
  });
}

TEST_P(ClientTest, says_when_nobody_listens) {
  run([] {
    const runtime::Address nobody = runtime::listen(runtime::Address::ip("127.0.0.1", 0)).local_address();
    EXPECT_EQ(error_of([&] { Client().get(url_of(nobody)); }).code(), Code::unavailable);
  });
}

TEST_P(ClientTest, refuses_requests_that_http_forbids) {
  run([] {
    TestServer test([](Request&, Response&) {});
    Client client;
    const auto code_of = [&](std::string name, std::string value) {
      return error_of([&] { client.send({.url = url_of(test.server.address()), .headers = {{name, value}}}); }).code();
    };
    EXPECT_EQ(code_of("x-a", "1\r\nx-b: 2"), Code::invalid_argument);
    EXPECT_EQ(code_of("x a", "1"), Code::invalid_argument);
    EXPECT_EQ(code_of("Content-Length", "1"), Code::invalid_argument);
    EXPECT_EQ(code_of("x-a", "1"), Code::ok);
  });
}

TEST_P(ClientTest, streams_a_reply) {
  run([] {
    const std::string body(200'000, 'x');
    TestServer test([&](Request&, Response& response) { response.body() = body; });
    Client client;
    {
      StreamingReply reply = client.stream({.url = url_of(test.server.address())});
      EXPECT_EQ(reply.head().status, 200);
      char piece[1000];
      std::size_t total = 0;
      while (const std::size_t size = reply.read_some(piece)) total += size;
      EXPECT_EQ(total, body.size());
    }
    EXPECT_EQ(client.get(url_of(test.server.address())).body.size(), body.size());
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(ClientTest, closes_the_connection_of_a_stream_that_is_not_read_to_its_end) {
  run([] {
    TestServer test([](Request&, Response& response) { response.body().assign(200'000, 'x'); });
    Client client({.connections_per_origin = 1});
    client.stream({.url = url_of(test.server.address())});
    EXPECT_EQ(client.get(url_of(test.server.address())).status, 200);
    EXPECT_EQ(test.server.stats().connections_accepted, 2u);
  });
}

class Letters final : public BodyStream {
 public:
  Letters(std::size_t count, bool tells_length) : count_(count), tells_length_(tells_length) {}
  std::optional<std::uint64_t> length() const override {
    return tells_length_ ? std::optional<std::uint64_t>(count_) : std::nullopt;
  }
  void write_to(BodyWriter& writer) override {
    for (std::size_t i = 0; i < count_; i += 10'000)
      writer.write(std::string(std::min<std::size_t>(10'000, count_ - i), 'x'));
  }

 private:
  std::size_t count_;
  bool tells_length_;
};

TEST_P(ClientTest, streams_a_request) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.body() = std::to_string(request.body().size()) + (request.body_source->length() ? " told" : " chunked");
    });
    Client client;
    const auto send = [&](bool tells_length) {
      return client
          .send({.method = Method::post,
                 .url = url_of(test.server.address()),
                 .stream = std::make_shared<Letters>(123'456, tells_length)})
          .body;
    };
    EXPECT_EQ(send(true), "123456 told");
    EXPECT_EQ(send(false), "123456 chunked");
  });
}

TEST_P(ClientTest, sends_a_large_body_on_a_connection_whose_buffer_an_earlier_reply_filled) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      response.body() =
          request.method == Method::get ? std::string(20'000, 'x') : std::to_string(request.body().size());
    });
    Client client;
    EXPECT_EQ(client.get(url_of(test.server.address())).body.size(), 20'000u);
    const std::string body(17'000, 'x');
    EXPECT_EQ(client.send({.method = Method::post, .url = url_of(test.server.address()), .body = body}).body, "17000");
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
  });
}

TEST_P(ClientTest, goes_on_sending_when_the_server_only_tells_it_to_continue) {
  run([] {
    TestServer test(
        [](Request& request, Response& response) { response.body() = std::to_string(request.body().size()); });
    const Reply reply = Client().send({.method = Method::post,
                                       .url = url_of(test.server.address()),
                                       .headers = {{"Expect", "100-continue"}},
                                       .body = std::string(16'000'000, 'x')});
    EXPECT_EQ(reply.body, "16000000");
  });
}

TEST_P(ClientTest, stops_sending_a_body_that_the_server_refuses) {
  run([] {
    TestServer test([](Request&, Response&) {}, {.body_bytes = 1000});
    const Reply reply = Client().send(
        {.method = Method::post, .url = url_of(test.server.address()), .body = std::string(16'000'000, 'x')});
    EXPECT_EQ(reply.status, 413);
  });
}

}  // namespace
}  // namespace marty::http
