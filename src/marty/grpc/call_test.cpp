#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/grpc/detail.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/http/http2_connection.hpp"
#include "marty/runtime/sync.hpp"
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
using route::v1::Task;
using testing::HasSubstr;
using namespace std::chrono_literals;

Point point(int x, int y, std::string name = {}) {
  Point result;
  result.set_x(x);
  result.set_y(y);
  result.set_name(std::move(name));
  return result;
}

Task task(std::string command, int times = 0) {
  Task result;
  result.set_command(std::move(command));
  result.set_times(times);
  return result;
}

// The functions of the service, which tests may call as they are.
Point echo(const Point& request) { return request; }

void perform(const Task& request, Call& call) {
  if (request.command() == "fail") throw Error(Code::failed_precondition, "the lamp is off");
  if (request.command() == "invalid")
    throw Error::invalid({{"/times", "must be at most 7"}, {"/points/2/x", "is required"}});
  if (request.command() == "crash") throw std::runtime_error("the secret is 42");
  if (request.command() == "sleep") runtime::sleep_for(1h);
  if (request.command() == "metadata") {
    call.add_metadata("x-initial", std::string(call.metadata("x-asked")));
    call.add_trailing_metadata("x-bytes-bin", call.binary_metadata("x-bytes-bin").value_or("nothing"));
  }
  if (request.command() == "unicode") throw Error(Code::unknown, "\ttest with 100 % \xc3\xa4\n").for_callers();
}

void list(const Task& request, Writer<Point>& points) {
  for (int i = 0; i < request.times(); ++i) points.write(point(i, 0));
  if (request.command() == "fail") throw Error(Code::aborted, "in the middle");
}

Summary record(Reader<Point>& points) {
  Summary summary;
  for (const Point& each : points) {
    summary.set_points(summary.points() + 1);
    summary.set_sum(summary.sum() + each.x());
    if (each.name() == "enough") return summary;
    if (each.name() == "fail") throw Error(Code::out_of_range, "that is far away");
  }
  return summary;
}

void chat(Reader<Point>& points, Writer<Point>& replies) {
  for (const Point& each : points) replies.write(point(each.x() * 2, each.y()));
}

void build(web::App& app) {
  add(app, Route{.echo = echo, .do_ = perform, .list = list, .record = record, .chat = chat});
}

class CallTest : public testing::TestWithParam<WorldKind> {
 protected:
  void run(const std::function<void(Route::Client&, TestServer&)>& test, ChannelOptions options = {}) {
    run_in(GetParam(), [&] {
      TestServer server(build, {}, options);
      Route::Client client(*server.channel);
      test(client, server);
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Worlds, CallTest, testing::Values(WorldKind::real, WorldKind::simulated),
                         [](const auto& test) { return test.param == WorldKind::real ? "real" : "simulated"; });

TEST_P(CallTest, a_unary_call_gives_the_response) {
  run([](Route::Client& client, TestServer& server) {
    const Point reply = client.echo(point(1, -2, "three"));
    EXPECT_EQ(reply.x(), 1);
    EXPECT_EQ(reply.y(), -2);
    EXPECT_EQ(reply.name(), "three");
    EXPECT_EQ(client.echo(Point()).x(), 0);  // a message of no bytes
    EXPECT_EQ(server.server.stats().connections_accepted, 1u);
  });
}

TEST_P(CallTest, many_calls_share_a_connection) {
  run([](Route::Client& client, TestServer& server) {
    std::vector<runtime::Task<std::function<void()>>> fibers;
    for (int i = 0; i < 200; ++i) {
      fibers.emplace_back(std::function<void()>([&client, i] {
        for (int j = 0; j < 5; ++j) EXPECT_EQ(client.echo(point(i, j)).x(), i);
      }));
    }
    for (auto& fiber : fibers) fiber.join();
    EXPECT_LE(server.server.stats().connections_accepted, 4u);
    EXPECT_EQ(server.server.stats().requests, 1000u);
  });
}

TEST_P(CallTest, an_error_arrives_with_code_message_and_fields) {
  run([](Route::Client& client, TestServer&) {
    const Error failed = error_of([&] { client.do_(task("fail")); });
    EXPECT_EQ(failed.code(), Code::failed_precondition);
    EXPECT_EQ(failed.message(), "the lamp is off");
    const Error invalid = error_of([&] { client.do_(task("invalid")); });
    EXPECT_EQ(invalid.code(), Code::invalid_argument);
    ASSERT_EQ(invalid.fields().size(), 2u);
    EXPECT_EQ(invalid.fields()[0], (FieldError{"/times", "must be at most 7"}));
    EXPECT_EQ(invalid.fields()[1], (FieldError{"/points/2/x", "is required"}));
  });
}

TEST_P(CallTest, what_is_the_servers_own_fault_stays_in_its_log_unless_it_is_for_callers) {
  run([](Route::Client& client, TestServer&) {
    const Error crashed = error_of([&] { client.do_(task("crash")); });
    EXPECT_EQ(crashed.code(), Code::internal);
    EXPECT_THAT(crashed.message(), testing::Not(HasSubstr("42")));
    const Error unicode = error_of([&] { client.do_(task("unicode")); });
    EXPECT_EQ(unicode.code(), Code::unknown);
    EXPECT_EQ(unicode.message(), "\ttest with 100 % \xc3\xa4\n");
  });
}

TEST_P(CallTest, a_method_without_a_function_or_a_service_that_is_not_there_is_unimplemented) {
  run([](Route::Client& client, TestServer& server) {
    EXPECT_EQ(error_of([&] { client.missing(Point()); }).code(), Code::unimplemented);
    const Method unknown{"other.v1.Other", "Do", "/other.v1.Other/Do", ""};
    Point reply;
    EXPECT_EQ(error_of([&] { server.channel->call(unknown, Point(), reply); }).code(), Code::unimplemented);
  });
}

TEST_P(CallTest, a_server_stream_is_read_to_its_end) {
  run([](Route::Client& client, TestServer&) {
    auto stream = client.list(task("", 3));
    Point each;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(stream.read(each));
      EXPECT_EQ(each.x(), i);
    }
    EXPECT_FALSE(stream.read(each));
    EXPECT_FALSE(stream.read(each));
    auto none = client.list(task(""));
    EXPECT_FALSE(none.read(each));
  });
}

TEST_P(CallTest, a_server_stream_that_fails_throws_behind_its_messages) {
  run([](Route::Client& client, TestServer&) {
    auto stream = client.list(task("fail", 2));
    Point each;
    EXPECT_TRUE(stream.read(each));
    EXPECT_TRUE(stream.read(each));
    const Error error = error_of([&] { stream.read(each); });
    EXPECT_EQ(error.code(), Code::aborted);
    EXPECT_EQ(error.message(), "in the middle");
  });
}

TEST_P(CallTest, a_long_stream_is_held_back_by_a_slow_reader) {
  run_in(GetParam(), [] {
    constexpr int kAll = 3000, kMessageBytes = 2000;
    constexpr int kMostAhead = 800'000 / kMessageBytes;  // the queue of the stream, its window, and what is being read
    int written = 0;
    TestServer server([&](web::App& app) {
      add(app, Route{.list = [&](const Task&, Writer<Point>& points) {
            for (; written < kAll; ++written) points.write(point(written, 0, std::string(kMessageBytes, 'x')));
          }});
    });
    Route::Client client(*server.channel);
    auto stream = client.list({});
    Point each;
    int count = 0;
    while (stream.read(each)) {
      ASSERT_EQ(each.x(), count);
      if (++count % 500 != 1) continue;
      runtime::sleep_for(20ms);  // tidy:allow(sleep): the runtime's
      EXPECT_LE(written, count + kMostAhead);
    }
    EXPECT_EQ(count, kAll);
  });
}

TEST_P(CallTest, a_client_stream_ends_with_the_response) {
  run([](Route::Client& client, TestServer&) {
    auto upload = client.record();
    for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(upload.write(point(i, 0)));
    const Summary summary = upload.finish();
    EXPECT_EQ(summary.points(), 1000);
    EXPECT_EQ(summary.sum(), 500'500);
    EXPECT_EQ(client.record().finish().points(), 0);
  });
}

TEST_P(CallTest, a_server_may_end_a_client_stream_early) {
  run([](Route::Client& client, TestServer&) {
    auto enough = client.record();
    enough.write(point(1, 0, "enough"));
    while (enough.write(point(1, 0, std::string(1000, 'x')))) {
    }
    EXPECT_EQ(enough.finish().points(), 1);
    auto fails = client.record();
    fails.write(point(1, 0, "fail"));
    while (fails.write(point(1, 0, std::string(1000, 'x')))) {
    }
    const Error error = error_of([&] { fails.finish(); });
    EXPECT_EQ(error.code(), Code::out_of_range);
    EXPECT_EQ(error.message(), "that is far away");
  });
}

TEST_P(CallTest, both_sides_talk_at_once) {
  run([](Route::Client& client, TestServer&) {
    auto talk = client.chat();
    Point reply;
    for (int i = 0; i < 100; ++i) {
      talk.write(point(i, 7));
      ASSERT_TRUE(talk.read(reply));
      EXPECT_EQ(reply.x(), 2 * i);
    }
    talk.finish_writing();
    EXPECT_FALSE(talk.read(reply));
  });
}

TEST_P(CallTest, metadata_travels_both_ways) {
  run([](Route::Client& client, TestServer& server) {
    client.do_(task("metadata"), {.metadata = {{"x-asked", "yes"}, {"x-bytes-bin", std::string("\0\xff", 2)}}});
    // Seen by a stream, which shows what it got.
    http::Http2Connection connection(runtime::connect(server.server.address()));
    const http::Header headers[] = {
        {"content-type", "application/grpc"}, {"te", "trailers"}, {"x-asked", "yes"}, {"x-bytes-bin", "AP8"}};
    std::string body;
    body.append(std::string("\0\0\0\0\x0a\x0a\x08metadata", 15));
    auto stream = connection.open({.authority = "a", .path = "/route.v1.Route/Do", .headers = headers}, body);
    EXPECT_EQ(stream.status(), 200);
    EXPECT_EQ(stream.headers().get("x-initial"), "yes");
    EXPECT_EQ(stream.read_all(100), std::string(5, '\0'));
    EXPECT_EQ(stream.trailers().get("grpc-status"), "0");
    EXPECT_EQ(stream.trailers().get("x-bytes-bin"), "AP8");
    EXPECT_EQ(error_of([&] { client.do_(task(""), {.metadata = {{"Upper", "x"}}}); }).code(), Code::invalid_argument);
    EXPECT_EQ(error_of([&] {
                client.do_(task(""), {.metadata = {{"grpc-status", "0"}}});
              }).code(),
              Code::invalid_argument);
  });
}

TEST_P(CallTest, the_deadline_of_the_call_ends_it_on_both_sides) {
  run([](Route::Client& client, TestServer& server) {
    const Error error = error_of([&] { client.do_(task("sleep"), {.timeout = 30ms}); });
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    const runtime::DeadlineScope scope(30ms);
    EXPECT_EQ(error_of([&] { client.do_(task("sleep")); }).code(), Code::deadline_exceeded);
    const runtime::ShieldScope shield;
    while (server.server.stats().requests_in_flight != 0) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
  });
}

TEST_P(CallTest, a_call_that_is_cancelled_ends_its_handler) {
  run([](Route::Client& client, TestServer& server) {
    {
      auto stream = client.chat();
      stream.write(point(1, 1));
      Point reply;
      EXPECT_TRUE(stream.read(reply));
      EXPECT_EQ(server.server.stats().requests_in_flight, 1u);
      stream.cancel();
      EXPECT_EQ(error_of([&] { stream.read(reply); }).code(), Code::cancelled);
    }
    while (server.server.stats().requests_in_flight != 0) runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    EXPECT_EQ(client.echo(point(1, 1)).x(), 1);
  });
}

TEST_P(CallTest, compressed_messages_are_read_and_written) {
  run(
      [](Route::Client& client, TestServer&) {
        const std::string text(100'000, 'x');
        EXPECT_EQ(client.echo(point(1, 1, text)).name(), text);
        auto upload = client.record();
        upload.write(point(3, 1, text));
        upload.write(point(4, 1));
        EXPECT_EQ(upload.finish().sum(), 7);
      },
      {.compression = true});
}

TEST_P(CallTest, a_message_that_is_too_large_is_resource_exhausted) {
  run([](Route::Client& client, TestServer&) {
    const std::string large(5 << 20, 'x');
    EXPECT_EQ(error_of([&] { client.echo(point(1, 1, large)); }).code(), Code::resource_exhausted);
    auto upload = client.record();
    upload.write(point(1, 1, large));
    EXPECT_EQ(error_of([&] { upload.finish(); }).code(), Code::resource_exhausted);
    EXPECT_EQ(client.echo(point(1, 1, "well")).name(), "well");
  });
}

// In a call of its own: what the second of two fibers gets that write to one stream, or read from it.
TEST_P(CallTest, two_fibers_that_write_to_one_stream_are_refused_and_not_mixed) {
  run_in(GetParam(), [] {
    std::optional<Error> refused;
    TestServer server([&](web::App& app) {
      add(app, Route{.list = [&](const Task&, Writer<Point>& points) {
            const Point large = point(1, 1, std::string(200'000, 'x'));
            runtime::Task other([&] { points.write(large); });  // waits: the window is full
            runtime::yield();
            refused = error_of([&] { points.write(large); });
            other.join();
          }});
    });
    Route::Client client(*server.channel);
    auto points = client.list(task("all"));
    int count = 0;
    for (const Point& each : points) count += each.name().size() == 200'000 ? 1 : 0;
    EXPECT_EQ(count, 1);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code(), Code::failed_precondition);
    EXPECT_THAT(refused->message(), HasSubstr("another fiber is writing to this stream"));
  });
}

TEST_P(CallTest, two_fibers_that_read_from_one_stream_are_refused) {
  run([](Route::Client& client, TestServer&) {
    auto talk = client.chat();
    Point reply, other;
    runtime::Task first([&] { talk.read(reply); });
    runtime::yield();
    EXPECT_EQ(error_of([&] { talk.read(other); }).code(), Code::failed_precondition);
    talk.write(point(4, 0));
    talk.finish_writing();
    first.join();
    for (const Point& each : talk) ADD_FAILURE() << each.x();
    EXPECT_EQ(reply.x(), 8);
  });
}

TEST_P(CallTest, a_client_by_its_target_has_a_channel_of_its_own) {
  run([](Route::Client& channels, TestServer& server) {
    Route::Client client(server.server.address().to_string(), {.timeout = 2s});
    const Route::Client same = client;
    EXPECT_EQ(client.echo(point(7, 0)).x(), 7);
    EXPECT_EQ(Route::Client(same).echo(point(8, 0)).x(), 8);
    EXPECT_EQ(server.server.stats().connections_accepted, 1u);
    channels.echo(point(9, 0));
    EXPECT_EQ(server.server.stats().connections_accepted, 2u);
  });
}

TEST_P(CallTest, details_of_an_error_are_messages) {
  run_in(GetParam(), [] {
    TestServer server([](web::App& app) {
      add(app, Route{.do_ = [](const Task&) -> google::protobuf::Empty {
            throw with_detail(Error(Code::aborted, "too far"), point(3, 4, "there"));
          }});
    });
    const Error error = error_of([&] { Route::Client(*server.channel).do_(task("it")); });
    const std::optional<Point> detail = find_detail<Point>(error);
    ASSERT_TRUE(detail);
    EXPECT_EQ(detail->name(), "there");
    EXPECT_FALSE(find_detail<Task>(error));
  });
}

TEST(Handlers, are_functions_that_a_test_calls) {
  EXPECT_EQ(echo(point(1, 2)).y(), 2);
  // [handler-test]
  Messages<Point> sent({point(1, 0), point(2, 0)});
  EXPECT_EQ(record(sent).sum(), 3);
  // [/handler-test]
  Messages<Point> again({point(4, 0)}), got;
  chat(again, got);
  ASSERT_EQ(got.all.size(), 1u);
  EXPECT_EQ(got.all[0].x(), 8);
}

}  // namespace
}  // namespace marty::grpc
