#include "marty/web/cors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/web/compression.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

using internal::Answer;
using internal::ask;
using internal::get;

class CorsTest : public ::testing::Test {
 protected:
  App& serve(CorsOptions options) {
    app.filter(Phase::edge, "cors", Cors(std::move(options)));
    app.get(
        "/pets", [] { return PlainText{"pets"}; }, "List pets");
    app.post(
        "/pets", []() -> PlainText { throw Error(Code::aborted, "no"); }, "Add a pet");
    app.start();
    return app;
  }
  Answer preflight(std::string_view origin) {
    return ask(app, {"OPTIONS",
                     "/pets",
                     {{"origin", origin},
                      {"access-control-request-method", "PUT"},
                      {"access-control-request-headers", "x-a, x-b"}}});
  }
  App app;
};

TEST_F(CorsTest, answers_the_preflight_of_a_listed_origin) {
  serve({.origins = {"https://shop.example"}, .credentials = true});
  const Answer answer = preflight("https://shop.example");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(answer.header("access-control-allow-credentials"), "true");
  EXPECT_EQ(answer.header("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
  EXPECT_EQ(answer.header("access-control-allow-headers"), "x-a, x-b");
  EXPECT_EQ(answer.header("access-control-max-age"), "600");
  EXPECT_EQ(answer.header("vary"), "Access-Control-Request-Method, Access-Control-Request-Headers, Origin");
}

TEST_F(CorsTest, gives_another_origin_nothing_but_vary) {
  serve({.origins = {"https://shop.example"}});
  EXPECT_EQ(preflight("https://evil.example").header("access-control-allow-origin"), "");
  const Answer answer = get(app, "/pets", {{"origin", "https://evil.example"}});
  EXPECT_EQ(answer.body, "pets");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "");
  EXPECT_EQ(answer.header("vary"), "Origin");
}

TEST_F(CorsTest, marks_errors_and_unknown_paths_too) {
  serve({.origins = {"https://shop.example"}});
  const std::vector<http::Header> origin{{"origin", "https://shop.example"}};
  const Answer failed = ask(app, {"POST", "/pets", origin});
  EXPECT_EQ(failed.status, 409);
  EXPECT_EQ(failed.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(get(app, "/none", origin).header("access-control-allow-origin"), "https://shop.example");
  EXPECT_NE(get(app, "/pets", origin).header("access-control-expose-headers"), "");
}

TEST_F(CorsTest, a_plain_options_request_is_no_preflight) {
  serve({.origins = {"*"}});
  const Answer answer = ask(app, {.method = "OPTIONS", .target = "/pets"});
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(answer.header("access-control-allow-methods"), "");
}

TEST_F(CorsTest, every_origin_needs_no_vary) {
  serve({.origins = {"*"}, .headers = {"content-type"}});
  const Answer answer = get(app, "/pets", {{"origin", "https://any.example"}});
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(answer.header("vary"), "");
  EXPECT_EQ(preflight("https://any.example").header("access-control-allow-headers"), "content-type");
}

TEST(CorsOriginTest, a_star_stands_for_a_part_of_the_host_only) {
  const Cors cors({.origins = {"https://*.shop.example", "http://localhost:3000"}});
  EXPECT_TRUE(cors.allows("https://a.shop.example"));
  EXPECT_TRUE(cors.allows("https://a.b.SHOP.example"));
  EXPECT_TRUE(cors.allows("http://localhost:3000"));
  EXPECT_FALSE(cors.allows("https://shop.example"));
  EXPECT_FALSE(cors.allows("https://.shop.example"));
  EXPECT_FALSE(cors.allows("http://a.shop.example"));
  EXPECT_FALSE(cors.allows("https://evil.example:1/.shop.example"));
  EXPECT_FALSE(cors.allows("https://a.shop.example.evil"));
  EXPECT_FALSE(cors.allows("http://localhost:30000"));
  EXPECT_FALSE(cors.allows("null"));
}

TEST(CorsOriginTest, refuses_options_that_contradict_each_other) {
  EXPECT_THROW(Cors({.origins = {"*"}, .credentials = true}), Error);
  EXPECT_THROW(Cors({.origins = {"shop.example"}}), Error);
  EXPECT_THROW(Cors({.origins = {"https://shop.example/"}}), Error);
  EXPECT_THROW(Cors({.origins = {"https://*.*.example"}}), Error);
}

TEST(CorsOriginTest, refuses_a_star_that_lets_strangers_in) {
  for (const char* origin : {"https://*", "https://*shop.example", "https://shop.*", "https://*.", "*://shop.example",
                             "http*://shop.example", "http://localhost:*"}) {
    EXPECT_THROW(Cors({.origins = {origin}, .credentials = true}), Error) << origin;
  }
  EXPECT_TRUE(Cors({.origins = {"https://pr-*.shop.example"}}).allows("https://pr-7.shop.example"));
}

TEST(VaryTest, adds_a_name_once) {
  http::Response response;
  add_vary(response, "Origin");
  add_vary(response, "Accept-Encoding");
  add_vary(response, "origin");
  EXPECT_EQ(response.header("vary"), "Origin, Accept-Encoding");
  response.set_header("vary", "*");
  add_vary(response, "Origin");
  EXPECT_EQ(response.header("vary"), "*");
}

// RFC 9110 section 12.5.5: what each of them says the reply varies by.
TEST(VaryTest, of_handlers_filters_and_compression_is_one_set) {
  App app;
  app.filter(Phase::edge, "cors", Cors({.origins = {"https://shop.example"}}));
  app.filter(Phase::edge, "compression", Compression());
  const auto add = [&](std::string path, ResponseHeaders headers) {
    app.get(
        path, [headers] { return Reply<PlainText>{.headers = headers, .value = {std::string(4000, 'x')}}; }, "Text");
  };
  add("/none", {});
  add("/one", {{"vary", "Accept-Language, Cookie"}});
  add("/two", {{"vary", "Accept-Language"}, {"vary", "Cookie"}});
  add("/same", {{"vary", "origin"}, {"vary", "accept-encoding"}});
  app.start();
  for (const char* coding : {"gzip", "identity"}) {
    const auto vary = [&](std::string_view path) {
      return get(app, path, {{"accept-encoding", coding}}).header("vary");
    };
    EXPECT_EQ(vary("/none"), "Origin, Accept-Encoding");
    EXPECT_EQ(vary("/one"), "Origin, Accept-Language, Cookie, Accept-Encoding");
    EXPECT_EQ(vary("/two"), "Origin, Accept-Language, Cookie, Accept-Encoding");
  }
  EXPECT_THAT(get(app, "/same", {{"accept-encoding", "gzip"}}).header("vary"), ::testing::StrCaseEq("Origin"));
}

TEST_F(CorsTest, grants_the_headers_of_all_lines) {
  serve({.origins = {"https://shop.example"}});
  const Answer answer = ask(app, {"OPTIONS",
                                  "/pets",
                                  {{"origin", "https://shop.example"},
                                   {"access-control-request-method", "PUT"},
                                   {"access-control-request-headers", "x-a,x-b"},
                                   {"access-control-request-headers", "x-c"}}});
  EXPECT_EQ(answer.header("access-control-allow-headers"), "x-a, x-b, x-c");
}

}  // namespace
}  // namespace marty::web
