// Services as parts of an application: what its documentation says of them, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/uuid.hpp"
#include "marty/grpc/internal/api_schema.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/reflect/rules.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using json::Value;
using route::v1::Everything;
using route::v1::Plain;
using route::v1::Point;
using route::v1::Route;
using route::v1::Task;

struct Page {
  int limit = 20;
  static constexpr auto rules = marty::rules(field<&Page::limit>.range(1, 100));
};

struct Spot {
  int x = 0;
  int y = 0;
  std::string name;
  static constexpr auto rules = marty::rules(field<&Spot::name>.length(1, 80));
};

Value document_of(web::App& app) {
  app.start();
  return Value::parse(app.openapi_text());
}

TEST(Api, is_part_of_the_open_api_document) {
  web::App app;
  auto api =
      add(app, Route{.echo = [](const Point& point) { return point; }, .list = [](const Task&, Writer<Point>&) {}});
  api.tag("points").method("List").deprecated();
  Value document = document_of(app);
  Value& echo = document["paths"]["/route.v1.Route/Echo"]["post"];
  EXPECT_EQ(echo["operationId"], Value("route.v1.Route.Echo"));
  EXPECT_EQ(echo["summary"], Value("Gives the point back"));
  EXPECT_EQ(echo["tags"][0], Value("points"));
  EXPECT_EQ(echo["requestBody"]["content"]["application/json"]["schema"]["$ref"],
            Value("#/components/schemas/route.v1.Point"));
  EXPECT_EQ(echo["responses"]["default"]["content"]["application/json"]["schema"]["$ref"],
            Value("#/components/schemas/connect.Error"));
  Value& list = document["paths"]["/route.v1.Route/List"]["post"];
  EXPECT_EQ(list["deprecated"], Value(true));
  EXPECT_NE(list["responses"]["200"]["content"].find("application/connect+json"), nullptr);
  EXPECT_EQ(document["paths"].find("/route.v1.Route/Missing"), nullptr);  // nobody has written it
}

// https://connectrpc.com/docs/protocol#unary-get-request
TEST(Api, what_has_no_side_effects_is_documented_as_asked_by_get_too) {
  web::App app;
  auto api = add(app, Route{.echo = [](const Point& point) { return point; }, .do_ = [](const Task&) {}});
  api.tag("points").requires_authentication();
  Value document = document_of(app);
  Value& get = document["paths"]["/route.v1.Route/Echo"]["get"];
  EXPECT_EQ(get["operationId"], Value("route.v1.Route.Echo_by_get"));
  EXPECT_EQ(get["tags"][0], Value("points"));
  EXPECT_NE(get["security"].size(), 0u);
  EXPECT_EQ(get.find("requestBody"), nullptr);
  std::vector<std::string> names, required;
  for (const Value& parameter : get["parameters"].as_array()) {
    names.push_back(parameter["name"].as_string());
    if (parameter["required"] == Value(true)) required.push_back(names.back());
  }
  EXPECT_THAT(names, testing::ElementsAre("encoding", "message", "base64", "compression", "connect"));
  EXPECT_THAT(required, testing::ElementsAre("encoding", "message"));
  EXPECT_EQ(get["parameters"][1]["content"]["application/json"]["schema"]["$ref"],
            Value("#/components/schemas/route.v1.Point"));
  EXPECT_EQ(document["paths"]["/route.v1.Route/Do"].find("get"), nullptr);
}

TEST(Api, a_documented_call_says_that_another_media_type_is_a_problem) {
  web::App app;
  add(app, Route{.echo = [](const Point& point) { return point; }});
  Value document = document_of(app);
  Value& refused = document["paths"]["/route.v1.Route/Echo"]["post"]["responses"]["415"];
  EXPECT_EQ(refused["content"]["application/problem+json"]["schema"]["$ref"], Value("#/components/schemas/Problem"));
}

TEST(Api, the_rules_of_a_function_of_plain_structs_stand_beside_the_message) {
  web::App app;
  add(app, Plain{.find_point = [](web::Path<Uuid>, web::Query<Page>) { return Spot(); },
                 .change_point = [](web::Path<std::string>, web::Body<Spot> spot) { return *spot; }});
  Value document = document_of(app);
  const auto schema = [&](const std::string& method) {
    return document["paths"]["/route.v1.Plain/" + method]["post"]["requestBody"]["content"]["application/json"]
                   ["schema"];
  };
  EXPECT_EQ(schema("FindPoint").to_string(),
            R"({"allOf":[{"$ref":"#/components/schemas/route.v1.Find"},)"
            R"({"properties":{"id":{"format":"uuid"},"limit":{"minimum":1,"maximum":100}}}]})");
  EXPECT_EQ(schema("ChangePoint").at("/allOf/1").to_string(),
            R"({"properties":{"point":{"properties":{"name":{"minLength":1,"maxLength":80}}}}})");
}

TEST(Api, is_left_out_of_the_document_where_it_is_hidden) {
  web::App app;
  add(app, Route{.echo = [](const Point& point) { return point; }}).hidden();
  EXPECT_EQ(document_of(app)["paths"].size(), 0u);
}

TEST(Api, schemas_are_the_json_of_protobuf) {
  json::Schemas schemas;
  EXPECT_EQ(internal::message_schema(*Everything::descriptor(), schemas).to_string(),
            R"({"$ref":"#/$defs/route.v1.Everything"})");
  Value definitions = schemas.definitions();
  Value& properties = definitions["route.v1.Everything"]["properties"];
  EXPECT_EQ(properties["flag"].to_string(), R"({"type":"boolean"})");
  EXPECT_EQ(properties["small"].to_string(), R"({"type":"integer","format":"int32"})");
  EXPECT_EQ(properties["large"].to_string(), R"({"type":["string","integer"],"format":"uint64"})");
  EXPECT_EQ(properties["content"].to_string(), R"({"type":"string","contentEncoding":"base64"})");
  EXPECT_EQ(properties["at"].to_string(), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(properties["tags"].to_string(), R"({"type":"array","items":{"type":"string"}})");
  EXPECT_EQ(properties["points"].to_string(), R"({"type":"array","items":{"$ref":"#/$defs/route.v1.Point"}})");
  EXPECT_EQ(properties["counts"].to_string(),
            R"({"type":"object","additionalProperties":{"type":"integer","format":"int32"}})");
  EXPECT_EQ(definitions["route.v1.Colour"]["enum"].to_string(),
            R"(["COLOUR_UNSPECIFIED","COLOUR_RED","COLOUR_DARK_BLUE"])");
}

TEST(Api, is_there_once) {
  web::App app;
  add(app, Route{});
  const Error error = error_of([&] { add(app, Route{}); });
  EXPECT_EQ(error.code(), Code::already_exists);
  EXPECT_THAT(error.message(), testing::HasSubstr("route.v1.Route"));
}

TEST(Api, a_function_that_does_not_fit_is_refused_with_both_names) {
  struct Other {
    std::string colour;
  };
  const Error error = error_of([] { Plain plain{.find_point = [](web::Body<Other> other) { return *other; }}; });
  EXPECT_EQ(error.code(), Code::invalid_argument);
  EXPECT_THAT(error.message(), testing::HasSubstr("colour"));
  EXPECT_THAT(error.message(), testing::HasSubstr("route.v1.Find"));
}

TEST(Api, a_dependency_that_is_missing_stops_the_start) {
  struct Nothing {};
  web::App app;
  add(app, Route{.echo = [](const Point& point, Nothing&) { return point; }});
  EXPECT_THAT(error_of([&] { app.start(); }).message(), testing::HasSubstr("Nothing"));
}

}  // namespace
}  // namespace marty::grpc
