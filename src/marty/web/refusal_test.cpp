// Requests that the server does not let in, as the application answers them: like every other error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/http2_connection.hpp"
#include "marty/http/server.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/tls/internal/test_support.hpp"
#include "marty/web/cors.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr http::ServerLimits kLimits{
    .request_line_bytes = 1000, .header_bytes = 4000, .body_bytes = 1000, .header_timeout = std::chrono::seconds(2)};

// A shop that pages of another origin call, and its log.
struct Shop {
  explicit Shop(const http::ServerLimits& limits = kLimits)
      : app({.service = "shop", .metrics = &metrics, .logging = &logging, .access_log = true}),
        server(app, {.address = runtime::Address::ip("127.0.0.1", 0), .limits = limits}) {
    app.filter(Phase::edge, "cors", Cors({.origins = {"https://page.example"}}));
    app.post(
        "/pets", [](Body<std::string> name) { return *name; }, "Add a pet");
    app.get(
        "/pets", [] { return 1; }, "How many");
    app.start();
    server.start();
  }
  std::string talk(const std::string& bytes) const {
    runtime::Socket socket = runtime::connect(server.address());
    socket.write({bytes});
    std::string reply;
    char buffer[4096];
    const runtime::DeadlineScope scope(std::chrono::seconds(10));
    while (const std::size_t size = socket.read_some(buffer)) reply.append(buffer, size);
    return reply;
  }
  std::optional<double> count(std::string_view method, std::string_view route, std::string_view status) {
    return metrics.value("mmf_requests_total", {{"service", "shop"},
                                                {"method", std::string(method)},
                                                {"route", std::string(route)},
                                                {"status", std::string(status)}});
  }

  telemetry::RecordingSink sink;
  telemetry::Logging logging{{}, sink};
  telemetry::Metrics metrics;
  App app;
  http::Server server;
};

void in_simulation(std::function<void()> test) {
  tls::internal::run_in(tls::internal::WorldKind::simulated, std::move(test));
}

json::Value body_of(const std::string& reply) { return json::Value::parse(reply.substr(reply.find("\r\n\r\n") + 4)); }

TEST(Refusal, is_the_documented_problem_with_ids_and_the_headers_of_edge_filters) {
  in_simulation([] {
    const std::string known = "Host: a\r\nOrigin: https://page.example\r\nX-Correlation-ID: abc-1\r\n";
    struct Case {
      int status;
      std::string bytes, code, instance;
    };
    const std::vector<Case> cases = {
        {400, "GET /pets HTTP/1.1\r\n" + known + "Host: b\r\n\r\n", "invalid_argument", "/pets"},
        {413, "POST /pets HTTP/1.1\r\n" + known + "Content-Length: 1001\r\n\r\n", "out_of_range", "/pets"},
        {414, "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n" + known + "\r\n", "invalid_argument", ""},
        {417, "GET /pets?x HTTP/1.1\r\nExpect: x\r\n" + known + "\r\n", "invalid_argument", "/pets"},
        {431, "GET /pets HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n" + known + "\r\n", "invalid_argument",
         "/pets"},
        {501, "POST /pets HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + known + "\r\n", "unimplemented", "/pets"},
        {408, "GET /pets HTTP/1.1\r\n" + known, "deadline_exceeded", "/pets"},
    };
    for (const Case& each : cases) {
      Shop shop;
      const std::string reply = shop.talk(each.bytes);
      EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 " + std::to_string(each.status) + " "),
                               HasSubstr("\r\nx-mmf-correlation-id: abc-1\r\n"),
                               HasSubstr("\r\naccess-control-allow-origin: https://page.example\r\n"),
                               HasSubstr("\r\ncontent-type: application/problem+json\r\n"),
                               HasSubstr("\r\nConnection: close\r\n")))
          << each.status;
      const json::Value problem = body_of(reply);
      const bool is_own = problem["type"].as_string() == "urn:marty:problem:" + each.code;
      EXPECT_TRUE(is_own || problem["type"].as_string() == "about:blank");
      // RFC 9457 section 4.2.1
      if (!is_own) {
        EXPECT_EQ(problem["title"].as_string(), http::reason_phrase(each.status));
      }
      EXPECT_NE(problem["title"].as_string(), "");
      EXPECT_EQ(problem["status"].as_integer(), each.status);
      EXPECT_NE(problem["detail"].as_string(), "");
      EXPECT_EQ(problem["instance"].as_string(), each.instance);
      EXPECT_EQ(problem["code"].as_string(), each.code);
      EXPECT_EQ(problem["correlation_id"].as_string(), "abc-1");
      EXPECT_TRUE(problem["errors"].as_array().empty());
      ASSERT_EQ(shop.sink.lines().size(), 1u) << "the access log, and nothing else";
      EXPECT_EQ(json::Value::parse(shop.sink.lines()[0])["status"].as_integer(), each.status);
    }
  });
}

TEST(Refusal, counts_on_its_route_where_that_is_known) {
  in_simulation([] {
    Shop shop;
    shop.talk("POST /pets HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    shop.talk("GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
    shop.talk("nonsense\r\n\r\n");
    EXPECT_EQ(shop.count("POST", "/pets", "413"), 1);
    EXPECT_EQ(shop.count("GET", "unmatched", "414"), 1);
    EXPECT_EQ(shop.count("_OTHER", "unmatched", "400"), 1);
  });
}

TEST(Refusal, is_no_preflight) {
  in_simulation([] {
    Shop shop;
    const std::string reply = shop.talk(
        "OPTIONS /pets HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: https://page.example\r\n"
        "Access-Control-Request-Method: GET\r\n\r\n");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(body_of(reply)["code"].as_string(), "invalid_argument");
  });
}

TEST(Refusal, of_too_many_requests_is_no_line_of_an_error_each) {
  in_simulation([] {
    Shop shop({.in_flight = 0});
    const std::string reply = shop.talk("GET /pets HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nretry-after: 1\r\n"),
                             HasSubstr("\r\nx-mmf-correlation-id: ")));
    EXPECT_THAT(body_of(reply)["detail"].as_string(), HasSubstr("too many requests"));
    EXPECT_EQ(shop.count("GET", "/pets", "503"), 1);
    ASSERT_EQ(shop.sink.lines().size(), 1u);
    EXPECT_EQ(json::Value::parse(shop.sink.lines()[0])["level"].as_string(), "info");
  });
}

TEST(Refusal, over_http2_is_the_same) {
  in_simulation([] {
    Shop shop;
    http::Http2Connection connection(runtime::connect(shop.server.address()));
    const std::string body(1001, 'b');
    const http::Header headers[] = {{"content-length", "1001"}, {"origin", "https://page.example"}};
    http::ClientStream stream = connection.open({.authority = "a", .path = "/pets", .headers = headers}, body);
    EXPECT_EQ(stream.status(), 413);
    EXPECT_EQ(stream.headers().get("access-control-allow-origin"), "https://page.example");
    const std::string id(stream.headers().get("x-mmf-correlation-id"));
    const json::Value problem = json::Value::parse(stream.read_all(1000));
    EXPECT_EQ(problem["correlation_id"].as_string(), id);
    EXPECT_EQ(problem["instance"].as_string(), "/pets");
    EXPECT_EQ(shop.count("POST", "/pets", "413"), 1);
  });
}

}  // namespace
}  // namespace marty::web
