// What a client makes of replies that no good server sends: as gRPC's specification and Connect's suite have it.
#include <gtest/gtest.h>

#include "marty/grpc/internal/test_server.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using internal::run_in;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;

const std::string kMessage(5, '\0');  // of no bytes

// The error of a unary call that is answered like this.
Error error_of_reply(const std::function<void(http::Response&)>& answer, ReplyMetadata* reply = nullptr) {
  std::optional<Error> error;
  run_in(WorldKind::simulated, [&] {
    http::internal::TestServer server([&](http::Request&, http::Response& response) {
      response.set_body("", "application/grpc");
      answer(response);
    });
    Channel channel(server.server.address().to_string());
    error = error_of([&] { Route::Client(channel).echo({}, {.reply = reply}); });
  });
  return *error;
}

TEST(UnexpectedReply, of_another_number_of_messages_than_one_is_unimplemented) {
  for (const int messages : {0, 2}) {
    const Error error = error_of_reply([&](http::Response& response) {
      for (int i = 0; i < messages; ++i) response.body() += kMessage;
      response.add_trailer("grpc-status", "0");
    });
    EXPECT_EQ(error.code(), Code::unimplemented) << error.message();
  }
}

TEST(UnexpectedReply, the_status_of_the_head_is_for_replies_that_consist_of_it) {
  ReplyMetadata metadata;
  const Error refused = error_of_reply(
      [](http::Response& response) {
        response.add_header("grpc-status", "8");
        response.add_header("x-why", "busy");
      },
      &metadata);
  EXPECT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_TRUE(metadata.initial.empty());
  EXPECT_NE(std::find(metadata.trailing.begin(), metadata.trailing.end(),
                      std::pair<std::string, std::string>("x-why", "busy")),
            metadata.trailing.end());
}

TEST(UnexpectedReply, the_status_of_the_head_is_none_where_messages_or_trailers_follow) {
  const Error with_message = error_of_reply([](http::Response& response) {
    response.add_header("grpc-status", "9");
    response.body() = kMessage;
  });
  EXPECT_EQ(with_message.code(), Code::internal) << with_message.message();
  const Error with_trailers = error_of_reply([](http::Response& response) {
    response.add_header("grpc-status", "8");
    response.add_trailer("grpc-status", "9");
  });
  EXPECT_EQ(with_trailers.code(), Code::failed_precondition) << with_trailers.message();
}

TEST(UnexpectedReply, that_is_no_grpc_stays_so_when_it_is_read_again) {
  run_in(WorldKind::simulated, [] {
    http::internal::TestServer server([](http::Request&, http::Response& response) {
      response.status = 503;
      response.set_body("<html>come back later</html>", "text/html");
    });
    Channel channel(server.server.address().to_string());
    auto stream = Route::Client(channel).list({});
    Point point;
    for (int i = 0; i < 2; ++i) EXPECT_EQ(error_of([&] { stream.read(point); }).code(), Code::unavailable);
  });
}

}  // namespace
}  // namespace marty::grpc
