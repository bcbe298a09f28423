#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/compress/compress.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;
using route::v1::Task;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::string kBytes("\0\xff,", 3);

// Says something beside its messages, and fails where it is asked to.
void tell(Call& call) {
  call.add_metadata("x-initial", "first");
  call.add_trailing_metadata("x-bytes-bin", kBytes);
}
Point echo(const Point& request, Call& call) {
  tell(call);
  if (request.name() == "fail") throw Error(Code::aborted, "as asked");
  return request;
}
void list(const Task& request, Call& call, Writer<Point>& points) {
  tell(call);
  for (int i = 0; i < request.times(); ++i) points.write({});
  if (request.command() == "fail") throw Error(Code::aborted, "as asked");
}
void build(web::App& app) { add(app, Route{.echo = echo, .list = list}); }

MATCHER_P2(Has, name, value, "") { return std::find(arg.begin(), arg.end(), std::pair(name, value)) != arg.end(); }

constexpr std::string_view kInitial = "x-initial", kTrailing = "x-bytes-bin";

class ReplyMetadataTest : public testing::Test {
 protected:
  static void run(const std::function<void(Route::Client&)>& test) {
    run_in(WorldKind::simulated, [&] {
      TestServer server(build);
      Route::Client client(*server.channel);
      test(client);
    });
  }
  static void expect_both(const ReplyMetadata& reply) {
    EXPECT_THAT(reply.initial, Has(std::string(kInitial), std::string("first")));
    EXPECT_THAT(reply.trailing, ElementsAre(Pair(kTrailing, kBytes)));
  }
};

TEST_F(ReplyMetadataTest, of_a_unary_call_is_split_by_when_it_came) {
  run([](Route::Client& client) {
    ReplyMetadata reply;
    client.echo({}, {.reply = &reply});
    expect_both(reply);
  });
}

TEST_F(ReplyMetadataTest, of_a_stream_is_there_as_far_as_it_was_read) {
  run([](Route::Client& client) {
    ReplyMetadata reply;
    Task two;
    two.set_times(2);
    auto stream = client.list(two, {.reply = &reply});
    Point each;
    ASSERT_TRUE(stream.read(each));
    EXPECT_THAT(reply.initial, Has(std::string(kInitial), std::string("first")));
    EXPECT_THAT(reply.trailing, IsEmpty());
    while (stream.read(each)) {
    }
    expect_both(reply);
  });
}

TEST_F(ReplyMetadataTest, of_a_call_that_fails_is_there_too) {
  run([](Route::Client& client) {
    ReplyMetadata reply;
    Task one;
    one.set_times(1);
    one.set_command("fail");
    auto stream = client.list(one, {.reply = &reply});
    Point each;
    ASSERT_TRUE(stream.read(each));
    EXPECT_EQ(error_of([&] { stream.read(each); }).code(), Code::aborted);
    expect_both(reply);
    Point point;
    point.set_name("fail");
    EXPECT_EQ(error_of([&] { client.echo(point, {.reply = &reply}); }).code(), Code::aborted);
    EXPECT_THAT(reply.trailing, Has(std::string(kTrailing), kBytes));
  });
}

TEST(ReadMetadata, splits_binary_fields_and_leaves_out_the_protocols_own) {
  const http::Header fields[] = {
      {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}, {"x-bin", "YQ, Yg==,!,Yw"}, {"x-list", "1, 2"}};
  EXPECT_THAT(internal::read_metadata(http::HeaderList(fields)),
              ElementsAre(Pair("x-bin", "a"), Pair("x-bin", "b"), Pair("x-bin", "c"), Pair("x-list", "1, 2")));
}

// What a server is sent: its encoding, and the flags of each message.
struct Sent {
  std::string encoding;
  std::vector<int> flags;
};

std::vector<Sent> sent_by(const std::function<void(Route::Client&)>& calls, ChannelOptions options = {}) {
  std::vector<Sent> all;
  run_in(WorldKind::simulated, [&] {
    http::internal::TestServer server([&](http::Request& request, http::Response& response) {
      Sent& sent = all.emplace_back(std::string(request.header("grpc-encoding")));
      internal::FrameReader frames(request.body_source, 1 << 20, internal::kCompressed);
      while (const auto frame = frames.next()) sent.flags.push_back(frame->flags);
      response.set_body(std::string(5, '\0'), "application/grpc");
      response.add_trailer("grpc-status", "0");
    });
    Channel channel(server.server.address().to_string(), options);
    Route::Client client(channel);
    calls(client);
  });
  return all;
}

Point point_of(std::size_t bytes) {
  Point point;
  point.set_name(std::string(bytes, 'x'));
  return point;
}

TEST(CompressionOfACall, overrules_the_channels) {
  const auto calls = [](Route::Client& client) {
    client.echo(point_of(2000));
    client.echo(point_of(2000), {.compression = false});
    client.echo(point_of(1), {.compression = true});
  };
  const std::vector<Sent> without = sent_by(calls);
  ASSERT_EQ(without.size(), 3u);
  EXPECT_EQ(without[0].encoding, "");
  EXPECT_THAT(without[0].flags, ElementsAre(0));
  EXPECT_EQ(without[2].encoding, "gzip");
  EXPECT_THAT(without[2].flags, ElementsAre(1));
  const std::vector<Sent> with = sent_by(calls, {.compression = true});
  ASSERT_EQ(with.size(), 3u);
  EXPECT_THAT(with[0].flags, ElementsAre(1));
  EXPECT_EQ(with[1].encoding, "");
  EXPECT_THAT(with[1].flags, ElementsAre(0));
}

TEST(CompressionOfACall, can_change_between_the_messages_of_a_stream) {
  const std::vector<Sent> sent = sent_by([](Route::Client& client) {
    auto compressed = client.record({.compression = true});
    compressed.write(point_of(1));
    compressed.compress(false);
    compressed.write(point_of(2000));
    compressed.compress(true);
    compressed.write(point_of(1));
    compressed.finish();
    auto plain = client.record();
    plain.compress(true);
    plain.write(point_of(2000));
    plain.finish();
  });
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_THAT(sent[0].flags, ElementsAre(1, 0, 1));
  EXPECT_EQ(sent[1].encoding, "");
  EXPECT_THAT(sent[1].flags, ElementsAre(0));
}

// For callers that know the bytes of their messages and have no class for them.
TEST(EncodedCall, takes_and_gives_bytes) {
  run_in(WorldKind::simulated, [] {
    TestServer server(build);
    const Method echoes{"route.v1.Route", "Echo", "/route.v1.Route/Echo", ""};
    Point point;
    point.set_name(std::string(2'000, 'n'));
    const std::string bytes = point.SerializeAsString();
    EXPECT_EQ(server.channel->call(echoes, EncodedMessage{bytes}), bytes);
    const std::string packed = compress::compress(compress::Coding::gzip, bytes);
    EXPECT_EQ(server.channel->call(echoes, EncodedMessage{packed, true}), bytes);
    EXPECT_EQ(error_of([&] { server.channel->call(echoes, EncodedMessage{"no message"}); }).code(),
              Code::invalid_argument);
    point.set_name("fail");
    ReplyMetadata reply;
    const Error error =
        error_of([&] { server.channel->call(echoes, EncodedMessage{point.SerializeAsString()}, {.reply = &reply}); });
    EXPECT_EQ(error.code(), Code::aborted);
    EXPECT_THAT(reply.trailing, ElementsAre(Pair(kTrailing, kBytes)));
  });
}

}  // namespace
}  // namespace marty::grpc
