// The same methods by gRPC-Web and by Connect, as a browser calls them: over HTTP/1.1 and HTTP/2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/encoding.hpp"
#include "marty/compress/compress.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/grpc/internal/trailers.hpp"
#include "marty/http/client.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::append_frame;
using internal::FrameReader;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;
using route::v1::Summary;
using route::v1::Task;
using testing::HasSubstr;
using testing::StartsWith;

Point echo(const Point& request, Call& call) {
  call.add_metadata("x-initial", "first");
  call.add_trailing_metadata("X-Last", "last");
  if (request.x() < 0) throw Error::invalid({{"/x", "must not be negative"}});
  return request;
}
void list(const Task& request, Writer<Point>& points) {
  Point each;
  for (int i = 0; i < request.times(); ++i) {
    each.set_x(i);
    points.write(each);
  }
  if (request.command() == "fail") throw Error(Code::failed_precondition, "the lamp is off");
}
Summary record(Reader<Point>& points) {
  Summary summary;
  for (const Point& each : points) summary.set_sum(summary.sum() + each.x());
  return summary;
}

void build(web::App& app) { add(app, Route{.echo = echo, .list = list, .record = record}); }

std::string proto(int x) {
  Point point;
  point.set_x(x);
  return point.SerializeAsString();
}
std::string framed(std::string_view payload, std::uint8_t flags = 0) {
  std::string frame;
  append_frame(frame, flags, payload);
  return frame;
}

struct ReceivedFrame {
  int flags;
  std::string payload;
};
std::vector<ReceivedFrame> frames_of(std::string_view body) {
  std::vector<ReceivedFrame> frames;
  FrameReader reader(body, 1 << 20, internal::kEveryFlag);
  while (const auto frame = reader.next()) frames.push_back({frame->flags, std::string(frame->payload)});
  return frames;
}
int x_of(std::string_view bytes) {
  Point point;
  EXPECT_TRUE(point.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return point.x();
}

class ProtocolTest : public testing::TestWithParam<http::Protocol> {
 protected:
  struct Post {
    std::string path;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {};
  };
  void run(const std::function<void()>& test) {
    run_in(WorldKind::simulated, [&] {
      TestServer server(build);
      url_ = "http://" + server.server.address().to_string();
      http::Client client({.protocol = GetParam()});
      client_ = &client;
      test();
    });
  }
  http::Reply post(Post request) {
    request.headers.emplace_back("content-type", request.content_type);
    return client_->send({.method = http::Method::post,
                          .url = url_ + "/route.v1.Route/" + request.path,
                          .headers = std::move(request.headers),
                          .body = std::move(request.body)});
  }
  http::Reply get(const std::string& path) { return client_->get(url_ + "/route.v1.Route/" + path); }

 private:
  std::string url_;
  http::Client* client_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Versions, ProtocolTest, testing::Values(http::Protocol::http1, http::Protocol::http2),
                         [](const auto& test) { return test.param == http::Protocol::http1 ? "http1" : "http2"; });

TEST_P(ProtocolTest, a_unary_call_of_connect_is_a_plain_post) {
  run([&] {
    const auto reply = post({"Echo", "application/json", R"({"x":7,"name":"a"})"});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("content-type"), "application/json");
    EXPECT_EQ(reply.body, R"({"x":7,"name":"a"})");
    EXPECT_EQ(reply.header("x-initial"), "first");
    EXPECT_EQ(reply.header("trailer-x-last"), "last");
    EXPECT_EQ(x_of(post({"Echo", "application/proto", proto(7)}).body), 7);
    EXPECT_EQ(post({"Echo", "application/json", "{}"}).body, "{}");
  });
}

TEST_P(ProtocolTest, an_error_of_connect_is_json_with_an_http_status) {
  run([&] {
    const auto reply = post({"Echo", "application/proto", proto(-1)});
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.header("content-type"), "application/json");
    EXPECT_THAT(reply.body, StartsWith(R"({"code":"invalid_argument","message":"1 field is invalid: /x must not be)"));
    EXPECT_THAT(reply.body, HasSubstr("google.rpc.BadRequest"));
    EXPECT_EQ(reply.header("trailer-x-last"), "last");
    EXPECT_EQ(post({"Missing", "application/json", "{}"}).status, 501);
    EXPECT_EQ(post({"Echo", "application/json", "{"}).status, 400);
    EXPECT_THAT(post({"Echo", "application/json", R"({"x":"seven"})"}).body,
                HasSubstr("the message is not a valid route.v1.Point: "));
    EXPECT_EQ(post({"Echo", "application/json", "{}", {{"connect-protocol-version", "2"}}}).status, 400);
    EXPECT_EQ(post({"Echo", "application/json", "{}", {{"connect-timeout-ms", "soon"}}}).status, 400);
    EXPECT_EQ(post({"Echo", "application/json", "{}", {{"content-encoding", "br"}}}).status, 501);
    EXPECT_EQ(post({"Echo", "text/plain", "{}"}).status, 415);
  });
}

TEST_P(ProtocolTest, a_method_without_side_effects_may_be_asked_by_get) {
  run([&] {
    EXPECT_EQ(get("Echo?connect=v1&encoding=json&message=%7B%22x%22%3A7%7D").body, R"({"x":7})");
    EXPECT_EQ(x_of(get("Echo?encoding=proto&base64=1&message=" + base64url_encode(proto(7))).body), 7);
    EXPECT_EQ(get("Echo?encoding=json&base64=1&message=!").status, 400);
    EXPECT_EQ(get("Echo?encoding=json").status, 400);
    EXPECT_EQ(get("Echo?message=1").status, 400);
    EXPECT_EQ(get("Echo?connect=v2&encoding=json&message=").status, 400);
    EXPECT_EQ(get("Record?connect=v1&encoding=json&message=%7B%7D").status, 405);
    EXPECT_THAT(get("Echo?encoding=json&message=%7B").body, HasSubstr("google.rpc.ErrorInfo"));
  });
}

TEST_P(ProtocolTest, a_stream_of_connect_ends_with_its_status) {
  run([&] {
    const auto good = post({"List", "application/connect+json", framed(R"({"times":2})")});
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.header("content-type"), "application/connect+json");
    const auto frames = frames_of(good.body);
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[1].payload, R"({"x":1})");
    EXPECT_EQ(frames[2].flags, 2);
    EXPECT_EQ(frames[2].payload, R"({"metadata":{}})");

    const auto bad =
        frames_of(post({"List", "application/connect+json", framed(R"({"times":1,"command":"fail"})")}).body);
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_THAT(bad[1].payload, HasSubstr(R"("code":"failed_precondition","message":"the lamp is off")"));

    const auto sum = frames_of(
        post({"Record", "application/connect+proto", framed(proto(1)) + framed(proto(2)) + framed(proto(3))}).body);
    ASSERT_EQ(sum.size(), 2u);
    Summary summary;
    EXPECT_TRUE(summary.ParseFromString(sum[0].payload));
    EXPECT_EQ(summary.sum(), 6);
  });
}

TEST_P(ProtocolTest, grpc_web_ends_with_its_trailers_as_a_frame) {
  run([&] {
    const auto good = post({"Echo", "application/grpc-web+proto", framed(proto(7))});
    EXPECT_EQ(good.status, 200);
    const auto frames = frames_of(good.body);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(x_of(frames[0].payload), 7);
    EXPECT_EQ(frames[1].flags, 0x80);
    EXPECT_THAT(frames[1].payload, HasSubstr("x-last: last\r\n"));
    EXPECT_THAT(frames[1].payload, HasSubstr("grpc-status: 0\r\n"));

    Task fails;
    fails.set_command("fail");
    fails.set_times(1);
    const auto bad = frames_of(post({"List", "application/grpc-web", framed(fails.SerializeAsString())}).body);
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_THAT(bad[1].payload, HasSubstr("grpc-status: 9\r\ngrpc-message: the lamp is off\r\n"));
  });
}

TEST_P(ProtocolTest, grpc_web_may_be_text) {
  run([&] {
    const auto reply = post({"Echo", "application/grpc-web-text", base64_encode(framed(proto(7)))});
    EXPECT_EQ(reply.header("content-type"), "application/grpc-web-text");
    EXPECT_EQ(x_of(frames_of(internal::decode_web_text(reply.body))[0].payload), 7);
    EXPECT_THAT(internal::decode_web_text(post({"Echo", "application/grpc-web-text", "?"}).body),
                HasSubstr("grpc-status: 3"));
  });
}

TEST_P(ProtocolTest, messages_may_be_compressed) {
  run([&] {
    const std::string packed = compress::compress(compress::Coding::gzip, proto(7));
    EXPECT_EQ(x_of(post({"Echo", "application/proto", packed, {{"content-encoding", "gzip"}}}).body), 7);
    const auto frames = frames_of(
        post({"Echo", "application/grpc-web", framed(packed, internal::kCompressed), {{"grpc-encoding", "gzip"}}})
            .body);
    EXPECT_EQ(x_of(frames.at(0).payload), 7);
    // A flag without an encoding, and bytes that are none.
    EXPECT_THAT(post({"Echo", "application/grpc-web", framed(packed, internal::kCompressed)}).body,
                HasSubstr("grpc-status: 13"));
    EXPECT_THAT(
        post({"Echo", "application/grpc-web", framed("no gzip", internal::kCompressed), {{"grpc-encoding", "gzip"}}})
            .body,
        HasSubstr("grpc-status: 3"));
  });
}

}  // namespace
}  // namespace marty::grpc
