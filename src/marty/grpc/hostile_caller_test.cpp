// What callers may not do, and may not learn.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include "marty/base/encoding.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/message_codec.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/http/client.hpp"
#include "marty/http/http2_connection.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;
using route::v1::Summary;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kGetEcho = "/route.v1.Route/Echo?encoding=json&message=%7B%22x%22:7%7D";

Point echo(const Point& request) { return request; }
Summary record(Reader<Point>& points) {
  Summary summary;
  for (const Point& each : points) summary.set_points(summary.points() + (each.name().empty() ? 0 : 1));
  return summary;
}

class HostileCallerTest : public testing::Test {
 protected:
  void serve(std::function<void(web::App&)> build, http::ServerLimits limits,
             const std::function<void(TestServer&)>& test) {
    run_in(WorldKind::simulated, [&] {
      TestServer server(std::move(build), limits);
      test(server);
    });
  }
  static http::Reply get(TestServer& server, std::string_view path) {
    return http::Client().get("http://" + server.server.address().to_string() + std::string(path));
  }
  static http::Reply post(TestServer& server, std::string_view method, std::string_view type, std::string body) {
    return http::Client({.protocol = http::Protocol::http2})
        .send({.method = http::Method::post,
               .url = "http://" + server.server.address().to_string() + "/route.v1.Route/" + std::string(method),
               .headers = {{"content-type", std::string(type)}},
               .body = std::move(body)});
  }
};

TEST_F(HostileCallerTest, what_a_method_requires_it_requires_by_get_as_well) {
  const auto permitted = [](web::App& app) { add(app, Route{.echo = echo}).requires_permission("point:*:read"); };
  const auto one = [](web::App& app) {
    add(app, Route{.echo = echo}).method("Echo").requires_permission("point:*:read");
  };
  const auto known = [](web::App& app) { add(app, Route{.echo = echo}).requires_authentication(); };
  for (const std::function<void(web::App&)>& requires_it :
       {std::function<void(web::App&)>(permitted), {one}, {known}}) {
    const auto build = [&](web::App& app) {
      app.filter(web::Phase::authorization, "passes", [](http::Request&, http::Response&, web::Next next) { next(); });
      requires_it(app);
    };
    serve(build, {}, [&](TestServer& server) {
      EXPECT_EQ(post(server, "Echo", "application/json", "{}").status, 401);
      EXPECT_EQ(get(server, kGetEcho).status, 401);
    });
  }
}

std::string web_text(std::size_t name_bytes) {
  Point point;
  point.set_name(std::string(name_bytes, 'x'));
  std::string framed;
  internal::append_frame(framed, 0, point.SerializeAsString());
  return base64_encode(framed);
}

TEST_F(HostileCallerTest, a_stream_in_base64_stays_within_the_limit_of_the_server) {
  const auto build = [](web::App& app) { add(app, Route{.record = record}); };
  serve(build, {.body_bytes = 64 << 10}, [&](TestServer& server) {
    http::Http2Connection connection(runtime::connect(server.server.address()));
    const http::Header headers[] = {{"content-type", "application/grpc-web-text"}};
    http::ClientStream stream =
        connection.open({.authority = "a", .path = "/route.v1.Route/Record", .headers = headers});
    std::size_t sent = 0;
    EXPECT_EQ(error_of([&] {
                for (const std::string piece = web_text(30'000); sent < (8u << 20); sent += piece.size())
                  stream.write(piece);
              }).code(),
              Code::unavailable);
    EXPECT_LT(sent, 1u << 20);
  });
}

TEST_F(HostileCallerTest, a_unary_request_in_base64_may_be_as_large_as_any_other) {
  const auto build = [](web::App& app) { add(app, Route{.echo = echo}); };
  serve(build, {}, [&](TestServer& server) {
    EXPECT_GT(post(server, "Echo", "application/grpc-web-text", web_text(3'600'000)).body.size(), 3'600'000u);
    const auto refused = post(server, "Echo", "application/grpc-web-text", web_text(4'300'000));
    EXPECT_THAT(base64_decode(refused.body).value_or(""), HasSubstr("grpc-status: 8"));
  });
}

TEST_F(HostileCallerTest, json_that_is_nested_deeply_is_refused_before_it_is_parsed) {  // which would take minutes
  google::protobuf::ListValue list;
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_FALSE(internal::parse_message(nested(20), internal::Codec::json, list));
  EXPECT_TRUE(internal::parse_message(nested(100'000), internal::Codec::json, list));
  EXPECT_TRUE(
      internal::parse_message(R"(["\"", ')" + nested(200) + R"(')" + nested(200) + "]", internal::Codec::json, list));
  const std::string in_text = R"(["a \" )" + std::string(1000, '[') + R"("])";
  EXPECT_FALSE(internal::parse_message(in_text, internal::Codec::json, list));
}

TEST_F(HostileCallerTest, long_errors_arrive_shortened) {
  const auto build = [](web::App& app) {
    add(app, Route{.echo = [](const Point& point) -> Point {
          throw Error(Code::not_found, "there is no " + point.name(), {{"/name", point.name()}});
        }});
  };
  serve(build, {}, [](TestServer& server) {
    Point point;
    for (const std::string_view unit : {"x", "\xc3\xa4"}) {
      std::string name;
      while (name.size() < 200'000) name += unit;
      point.set_name(name);
      const Error error = error_of([&] { Route::Client(*server.channel).echo(point, {.timeout = 5s}); });
      EXPECT_EQ(error.code(), Code::not_found);
      EXPECT_EQ(error.message(), ("there is no " + name).substr(0, error.message().size()));
      EXPECT_GT(error.message().size(), 1000u);
      EXPECT_LE(error.message().size(), 1024u);
    }
  });
}

TEST_F(HostileCallerTest, an_error_may_begin_and_end_with_blanks) {
  const auto build = [](web::App& app) {
    add(app, Route{.echo = [](const Point&) -> Point { throw Error(Code::not_found, " no one named "); }});
  };
  serve(build, {}, [](TestServer& server) {
    const Error error = error_of([&] { Route::Client(*server.channel).echo(Point()); });
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_EQ(error.message(), " no one named ");
  });
}

TEST_F(HostileCallerTest, of_what_went_wrong_here_callers_learn_no_details) {
  const auto build = [](web::App& app) {
    add(app, Route{.echo = [](const Point&) -> Point {
          throw Error(Code::internal, "the secret", {{"/secret", "secret"}})
              .with_detail({"google.rpc.DebugInfo", "a secret stack"});
        }});
    app.get(
        "/",
        []() -> std::string {
          throw Error(Code::internal, "the secret", {{"/secret", "secret"}});
        },
        "Fail");
  };
  serve(build, {}, [&](TestServer& server) {
    const std::string reply = post(server, "Echo", "application/json", "{}").body;
    EXPECT_THAT(reply, HasSubstr("google.rpc.ErrorInfo"));
    EXPECT_THAT(reply, Not(HasSubstr("DebugInfo")));
    EXPECT_THAT(reply, Not(HasSubstr("BadRequest")));
    EXPECT_THAT(get(server, "/").body, Not(HasSubstr("secret")));
  });
}

TEST_F(HostileCallerTest, reflection_is_not_for_those_who_ask_nothing) {
  const auto build = [](web::App& app) { add(app, Route{.echo = echo}); };
  serve(build, {.in_flight = 3}, [&](TestServer& server) {
    http::Http2Connection connection(runtime::connect(server.server.address()));
    const http::Header headers[] = {{"content-type", "application/grpc"}};
    std::vector<http::ClientStream> streams;
    for (int i = 0; i < 3; ++i)
      streams.push_back(connection.open(
          {.authority = "a", .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", .headers = headers}));
    runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(get(server, kGetEcho).status, 503);
    runtime::sleep_for(30s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(get(server, kGetEcho).status, 200);
  });
}

// Flags that gRPC reserves; gRPC-Web's trailers and Connect's end of a stream are for replies, or the end of a request.
TEST_F(HostileCallerTest, messages_with_flags_that_nobody_knows_are_refused) {
  serve([](web::App& app) { add(app, Route{.echo = echo, .record = record}); }, {},
        [](TestServer& server) {
          const auto status = [&](std::string_view method, std::string_view type, int flags) {
            std::string body;
            internal::append_frame(body, static_cast<std::uint8_t>(flags), "");
            const http::Reply reply = post(server, method, type, body);
            return std::string(reply.header("grpc-status")) + reply.body;
          };
          for (const int flags : {2, 4, 128, 254}) {
            for (const std::string_view method : {"Echo", "Record"}) {
              EXPECT_THAT(status(method, "application/grpc", flags), StartsWith("13")) << flags;
              EXPECT_THAT(status(method, "application/grpc-web", flags), HasSubstr("grpc-status: 13")) << flags;
            }
          }
          for (const int flags : {4, 128, 254})
            EXPECT_THAT(status("Record", "application/connect+proto", flags), HasSubstr("\"internal\"")) << flags;
        });
}

// What the server itself refuses is an answer of the protocol, too, and has its ids: HTTP clients of gRPC know no
// others.
TEST_F(HostileCallerTest, what_the_server_does_not_let_in_is_answered_in_the_protocol) {
  serve([](web::App& app) { add(app, Route{.echo = echo}); }, {.body_bytes = 100},
        [](TestServer& server) {
          const std::string large(101, '\0');
          const auto length = [&](std::string_view type) {
            return http::Client({.protocol = http::Protocol::http2})
                .send({.method = http::Method::post,
                       .url = "http://" + server.server.address().to_string() + "/route.v1.Route/Echo",
                       .headers = {{"content-type", std::string(type)}},
                       .body = large});
          };
          const http::Reply grpc = length("application/grpc");
          EXPECT_EQ(grpc.status, 200);
          EXPECT_EQ(grpc.header("grpc-status"), "8");
          EXPECT_NE(grpc.header("x-mmf-correlation-id"), "");
          EXPECT_THAT(length("application/grpc-web").body, HasSubstr("grpc-status: 8"));
          EXPECT_THAT(length("application/json").body, HasSubstr("resource_exhausted"));
        });
}

TEST_F(HostileCallerTest, a_call_in_no_format_is_a_problem_with_its_path_and_its_id) {
  serve([](web::App& app) { add(app, Route{.echo = echo}); }, {},
        [](TestServer& server) {
          const http::Reply reply = post(server, "Echo", "text/plain", "");
          EXPECT_EQ(reply.status, 415);
          EXPECT_THAT(reply.body, HasSubstr(R"("instance":"/route.v1.Route/Echo")"));
          const std::string id(reply.header("x-mmf-correlation-id"));
          EXPECT_THAT(reply.body, HasSubstr(R"("correlation_id":")" + id + "\""));
          EXPECT_NE(id, "");
        });
}

}  // namespace
}  // namespace marty::grpc
