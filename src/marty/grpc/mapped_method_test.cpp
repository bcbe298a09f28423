// Functions of plain structs as methods of gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/reflect/rules.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Plain;
using testing::HasSubstr;

enum class Colour { red, dark_blue };

struct Point {
  int x = 0;
  int y = 0;
  std::string name;

  static constexpr auto rules = marty::rules(field<&Point::x>.range(0, 100));
};

struct Everything {
  bool flag;
  std::int32_t small;
  std::uint64_t large;
  double ratio;
  std::string text;
  Bytes content;
  Colour colour;
  Timestamp at;
  std::optional<int> maybe;
  std::vector<std::string> tags;
  std::vector<Point> points;
  std::map<std::string, int> counts;
  std::optional<Point> origin;
  Decimal price;
};

struct Counted {
  int limit = 20;
};

Everything everything(web::Body<Everything> value) { return std::move(*value); }
std::optional<Point> find_point(web::Path<std::string> id, web::Query<Counted> query) {
  if (*id == "none") return std::nullopt;
  return Point{.x = query->limit, .y = 1, .name = *id};
}
Point change_point(web::Path<std::string> id, web::Body<Point> point) {
  point->name = *id + point->name;
  return *point;
}
void remove_point(web::Path<std::string>, web::Query<int, "limit"> limit) {
  if (*limit == 0) throw Error(Code::permission_denied, "not that one");
}

void build(web::App& app) {
  add(app, Plain{.copy_all = everything,
                 .find_point = find_point,
                 .change_point = change_point,
                 .remove_point = remove_point});
  app.get("/points/{id}", find_point, "The same by REST");
}

route::v1::Everything sample() {
  route::v1::Everything all;
  all.set_flag(true);
  all.set_small(-7);
  all.set_large(~std::uint64_t{0});
  all.set_ratio(0.25);
  all.set_text("text");
  all.set_content(std::string("\0\xff", 2));
  all.set_colour(route::v1::COLOUR_DARK_BLUE);
  all.mutable_at()->set_seconds(1'700'000'000);
  all.mutable_at()->set_nanos(123'456'000);
  all.set_maybe(0);
  all.add_tags("a");
  all.add_tags("b");
  all.add_points()->set_x(5);
  (*all.mutable_counts())["one"] = 1;
  all.mutable_origin()->set_name("origin");
  all.set_price("12.50");
  return all;
}

void with_client(const std::function<void(Plain::Client&, TestServer&)>& test) {
  run_in(WorldKind::simulated, [&] {
    TestServer server(build);
    Plain::Client client(*server.channel);
    test(client, server);
  });
}

TEST(MappedMethod, every_kind_of_field_comes_back_as_it_was) {
  with_client([](Plain::Client& client, TestServer&) {
    const route::v1::Everything all = sample();
    EXPECT_EQ(client.copy_all(all).SerializeAsString(), all.SerializeAsString());
    route::v1::Everything without = sample();
    without.clear_maybe();
    without.clear_origin();
    const route::v1::Everything back = client.copy_all(without);
    EXPECT_FALSE(back.has_maybe());
    EXPECT_FALSE(back.has_origin());
  });
}

TEST(MappedMethod, values_that_do_not_fit_are_named_like_those_of_json) {
  with_client([](Plain::Client& client, TestServer&) {
    route::v1::Everything wrong = sample();
    wrong.set_colour(route::v1::COLOUR_UNSPECIFIED);
    wrong.clear_at();
    wrong.set_price("cheap");
    wrong.mutable_points(0)->set_x(500);
    const Error error = error_of([&] { client.copy_all(wrong); });
    EXPECT_EQ(error.code(), Code::invalid_argument);
    std::map<std::string, std::string> fields;
    for (const FieldError& field : error.fields()) fields[field.pointer] = field.message;
    EXPECT_THAT(fields["/colour"], "must be one of COLOUR_RED, COLOUR_DARK_BLUE");
    EXPECT_EQ(fields["/at"], "is required");
    EXPECT_THAT(fields["/price"], HasSubstr("must be"));
    EXPECT_EQ(fields["/points/0/x"], "must be at most 100");
    EXPECT_EQ(fields.size(), 4u);
  });
}

TEST(MappedMethod, the_function_of_a_route_serves_both) {
  with_client([](Plain::Client& client, TestServer&) {
    route::v1::Find find;
    find.set_id("rex");
    EXPECT_EQ(client.find_point(find).x(), 20);  // not set: the default
    find.set_limit(7);
    EXPECT_EQ(client.find_point(find).x(), 7);
    EXPECT_EQ(client.find_point(find).name(), "rex");
    find.set_id("none");
    EXPECT_EQ(error_of([&] { client.find_point(find); }).code(), Code::not_found);
  });
}

TEST(MappedMethod, a_body_may_be_a_message_within_the_request) {
  with_client([](Plain::Client& client, TestServer&) {
    route::v1::Change change;
    change.set_id("re");
    EXPECT_EQ(error_of([&] { client.change_point(change); }).fields().at(0), (FieldError{"/point", "is required"}));
    change.mutable_point()->set_name("x");
    EXPECT_EQ(client.change_point(change).name(), "rex");
    change.mutable_point()->set_x(101);
    EXPECT_EQ(error_of([&] { client.change_point(change); }).fields().at(0).pointer, "/point/x");
  });
}

TEST(MappedMethod, a_function_without_result_answers_empty) {
  with_client([](Plain::Client& client, TestServer&) {
    route::v1::Find find;
    find.set_id("a");
    find.set_limit(1);
    client.remove_point(find);
    find.set_limit(0);
    EXPECT_EQ(error_of([&] { client.remove_point(find); }).code(), Code::permission_denied);
  });
}

struct Other {
  int x = 0;
  std::string colour;
};
struct Narrow {
  std::int64_t x = 0;
  int y = 0;
  std::string name;
};

TEST(MappedMethod, what_does_not_fit_is_refused_when_the_service_is_built) {
  web::App app;
  const auto refusal = [&](Plain plain) { return error_of([&] { add(app, std::move(plain)); }).message(); };
  EXPECT_THAT(error_of([] { Plain{.find_point = [](web::Path<std::string>) { return Point(); }}; }).message(),
              HasSubstr("route.v1.Find.limit is taken by no parameter"));
  EXPECT_THAT(error_of([] { Plain{.find_point = [](web::Query<Point>) { return Point(); }}; }).message(),
              HasSubstr("has no field name"));
  EXPECT_THAT(error_of([] {
                Plain{.change_point = [](web::Path<std::string>, web::Body<Point>) { return Other(); }};
              }).message(),
              HasSubstr("route.v1.Point.y has no counterpart"));
  EXPECT_THAT(error_of([] {
                Plain{.change_point = [](web::Path<std::string>, web::Body<Point>) { return Narrow(); }};
              }).message(),
              HasSubstr("cannot hold every value"));
  EXPECT_THAT(error_of([] {
                Plain{.change_point = [](web::Path<std::string>, web::Body<Point>) { return web::Html(); }};
              }).message(),
              HasSubstr("something else than a struct"));
  EXPECT_EQ(refusal(Plain{}), "nothing was thrown");
  EXPECT_THAT(refusal(Plain{}), HasSubstr("/route.v1.Plain/CopyAll"));  // twice
}

}  // namespace
}  // namespace marty::grpc
