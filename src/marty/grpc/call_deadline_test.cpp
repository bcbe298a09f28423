// A call whose time is over: what its handler and its filters see of it, and what they do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/grpc/internal/test_server.hpp"
#include "marty/http/client.hpp"
#include "marty/http/http2_connection.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;
using route::v1::Summary;
using route::v1::Task;
using namespace std::chrono_literals;

// A call whose deadline is over is not carried out: nobody waits for it. gRPC over HTTP/2, "Timeout"; Connect protocol,
// "Connect-Timeout-Ms".
TEST(CallDeadline, a_handler_does_not_run_when_its_callers_time_is_over) {
  run_in(WorldKind::simulated, [] {
    int runs = 0, filtered = 0;
    TestServer server([&](web::App& app) {
      app.filter("count", [&](http::Request&, http::Response&, web::Next next) {
        ++filtered;
        next();
      });
      add(app, Route{.echo = [&](const Point& point) { return ++runs, point; },
                     .list = [&](const Task&, Writer<Point>&) { ++runs; },
                     .record =
                         [&](Reader<Point>&) {
                           ++runs;
                           return Summary();
                         },
                     .chat = [&](Reader<Point>&, Writer<Point>&) { ++runs; }});
    });
    const auto call = [&](std::string_view method, std::string_view type, std::string_view timeout) {
      const bool is_grpc = type.starts_with("application/grpc");
      return http::Client({.protocol = http::Protocol::http2})
          .send({.method = http::Method::post,
                 .url = "http://" + server.server.address().to_string() + "/route.v1.Route/" + std::string(method),
                 .headers = {{"content-type", std::string(type)},
                             {is_grpc ? "grpc-timeout" : "connect-timeout-ms", std::string(timeout)}},
                 .body = is_grpc ? std::string(5, '\0') : "{}"});
    };
    for (const std::string_view method : {"Echo", "List", "Record", "Chat"}) {
      for (const std::string_view timeout : {"0n", "0m", "0S"})
        EXPECT_EQ(call(method, "application/grpc", timeout).header("grpc-status"), "4") << method << timeout;
    }
    EXPECT_EQ(call("Echo", "application/json", "0").status, 504);
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(filtered, 0);
    EXPECT_EQ(call("Echo", "application/grpc", "9S").status, 200);
    EXPECT_EQ(runs, 1);
  });
}

TEST(CallDeadline, a_handler_does_not_run_when_the_time_runs_out_while_its_message_arrives_or_a_filter_waits) {
  run_in(WorldKind::simulated, [] {
    int runs = 0;
    TestServer server([&](web::App& app) {
      app.filter("wait", [](http::Request& request, http::Response&, web::Next next) {
        const runtime::ShieldScope shield;                              // something that cannot be interrupted
        if (!request.header("x-wait").empty()) runtime::sleep_for(2s);  // tidy:allow(sleep): virtual
        next();
      });
      add(app, Route{.echo = [&](const Point& point) { return ++runs, point; }});
    });
    http::Http2Connection connection(runtime::connect(server.server.address()));
    const auto status = [&](std::span<const http::Header> headers, runtime::Duration pause) {
      http::ClientStream stream =
          connection.open({.authority = "a", .path = "/route.v1.Route/Echo", .headers = headers});
      stream.write(std::string(3, '\0'));
      stream.flush();
      runtime::sleep_for(pause);  // tidy:allow(sleep): virtual
      stream.write(std::string(2, '\0'));
      stream.finish();
      stream.status();
      while (!stream.read_piece().empty()) {
      }
      const auto early = stream.headers().find("grpc-status");
      return std::string(early ? *early : stream.trailers().get("grpc-status"));
    };
    const http::Header slow[] = {{"content-type", "application/grpc"}, {"grpc-timeout", "1S"}};
    const http::Header filtered[] = {{"content-type", "application/grpc"}, {"grpc-timeout", "1S"}, {"x-wait", "1"}};
    EXPECT_EQ(status(slow, 2s), "4");
    EXPECT_EQ(status(filtered, 0s), "4");
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(status(slow, 0s), "0");
    EXPECT_EQ(runs, 1);
  });
}

TEST(CallDeadline, a_malformed_timeout_is_refused) {
  run_in(WorldKind::simulated, [] {
    TestServer server([](web::App& app) { add(app, Route{.echo = [](const Point& point) { return point; }}); });
    http::Client client({.protocol = http::Protocol::http2});
    const auto reply = client.send({.method = http::Method::post,
                                    .url = "http://" + server.server.address().to_string() + "/route.v1.Route/Echo",
                                    .headers = {{"content-type", "application/grpc"}, {"grpc-timeout", "1 day"}},
                                    .body = std::string(5, '\0')});
    EXPECT_EQ(reply.header("grpc-status"), "3");
    EXPECT_THAT(std::string(reply.header("grpc-message")), testing::HasSubstr("grpc-timeout"));
  });
}

}  // namespace
}  // namespace marty::grpc
