#include "marty/web/authentication.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/telemetry/context.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/tls/tls.hpp"
#include "marty/web/internal/test_pets.hpp"

namespace marty::web {
namespace {

using namespace internal;  // NOLINT: tests only
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void by_key(http::Request& request, http::Response&, Next next) {
  const auto key = request.headers.find("x-api-key");
  if (key == "wrong") throw Error(Code::unauthenticated, "the key is not known");
  if (key) next.exchange().set_caller({.id = std::string(*key)});
  next();
}

std::vector<std::string> challenges(const Answer& answer) {
  std::vector<std::string> all;
  answer.response.for_each_header([&](std::string_view name, std::string_view value) {
    if (http::header_name_equals(name, "www-authenticate")) all.emplace_back(value);
  });
  return all;
}

class AuthenticationTest : public PetsTest {
 protected:
  AuthenticationTest() {
    app.filter(Phase::authentication, "keys", by_key);
    app.get(
           "/mine", [](const Caller& caller) { return PlainText{caller.id}; }, "What is mine")
        .requires_authentication();
  }
};

TEST_F(AuthenticationTest, the_document_asks_for_the_key_where_the_filter_looks_for_it) {
  app.authentication(api_key_in_header("X-API-Key"));
  app.start();
  const json::Value document = json::Value::parse(app.openapi_text());
  EXPECT_EQ(document["components"]["securitySchemes"].to_string(),
            R"({"api_key":{"type":"apiKey","in":"header","name":"X-API-Key"}})");
  EXPECT_EQ(document["paths"]["/mine"]["get"]["security"].to_string(), R"([{"api_key":[]}])");
}

TEST_F(AuthenticationTest, several_ways_are_alternatives) {
  app.authentication(api_key_in_cookie("session"));
  app.authentication(bearer_token("JWT"));
  app.start();
  const json::Value document = json::Value::parse(app.openapi_text());
  EXPECT_EQ(document["paths"]["/mine"]["get"]["security"].to_string(), R"([{"api_key":[]},{"bearer":[]}])");
  EXPECT_EQ(document["components"]["securitySchemes"]["bearer"].to_string(),
            R"({"type":"http","scheme":"bearer","bearerFormat":"JWT"})");
  EXPECT_THAT(challenges(get(app, "/mine")), ElementsAre(R"(ApiKey in=cookie, name="session")", "Bearer"));
}

// RFC 9110 section 15.5.2: a 401 has a challenge.
TEST_F(AuthenticationTest, each_reply_with401_has_the_challenge) {
  app.authentication({.name = "key", .challenge = "ApiKey", .scheme = api_key_in_header("X-API-Key").scheme});
  app.get(
      "/own",
      [](http::Response& response) {
        response.set_header("www-authenticate", "Other");
        throw Error(Code::unauthenticated, "not so");
      },
      "Has one of its own");
  app.start();
  EXPECT_THAT(challenges(get(app, "/mine")), ElementsAre("ApiKey"));
  EXPECT_THAT(challenges(get(app, "/mine", {{"x-api-key", "wrong"}})), ElementsAre("ApiKey"));
  EXPECT_THAT(challenges(get(app, "/own")), ElementsAre("Other"));
  EXPECT_THAT(challenges(get(app, "/mine", {{"x-api-key", "ann"}})), ElementsAre());
}

TEST_F(AuthenticationTest, where_nothing_is_told_it_is_a_bearer_token) {
  app.start();
  EXPECT_THAT(challenges(get(app, "/mine")), ElementsAre("Bearer"));
  EXPECT_THAT(app.openapi_text(), HasSubstr(R"("bearer":{"type":"http","scheme":"bearer"})"));
}

TEST_F(AuthenticationTest, refuses_what_cannot_be_written) {
  const auto code = [&](Authentication authentication) {
    try {
      app.authentication(std::move(authentication));
    } catch (const Error& error) {
      return error.code();
    }
    return Code::ok;
  };
  EXPECT_EQ(code({.name = "a b", .challenge = "Bearer", .scheme = {}}), Code::invalid_argument);
  EXPECT_EQ(code({.name = "a", .challenge = "", .scheme = {}}), Code::invalid_argument);
  EXPECT_EQ(code({.name = "a", .challenge = "x\r\ny: z", .scheme = {}}), Code::invalid_argument);
  EXPECT_EQ(code(basic_credentials("the \"shop\"")), Code::ok);
  EXPECT_EQ(app.options().authentications[0].challenge, R"(Basic realm="the \"shop\"", charset="UTF-8")");
  EXPECT_EQ(code(basic_credentials("another")), Code::already_exists);
}

TEST_F(AuthenticationTest, who_the_caller_is_stands_in_the_lines_of_the_request_from_then_on_and_in_its_span) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({}, sink);
  telemetry::Tracer tracer;
  tracer.record(true);
  app.options().logging = &logging;
  app.options().tracer = &tracer;
  app.options().access_log = true;
  app.filter(Phase::edge, "operation", [](http::Request&, http::Response&, Next next) {
    const auto correlation = telemetry::with_correlation({.operation = "shopping"});
    log::info("before");
    next();
  });
  app.get(
      "/log",
      [] {
        log::info("in the handler");
        return PlainText{std::string(telemetry::current().user_id.view())};
      },
      "Logs");
  app.start();
  EXPECT_EQ(get(app, "/log", {{"x-api-key", "ann"}}).body, "ann");
  ASSERT_EQ(sink.lines().size(), 3U);
  EXPECT_EQ(json::Value::parse(sink.lines()[0]).find("user_id"), nullptr);
  EXPECT_EQ(json::Value::parse(sink.lines()[1])["user_id"].as_string(), "ann");
  EXPECT_EQ(json::Value::parse(sink.lines()[2])["user_id"].as_string(), "ann") << "the access log";
  const auto spans = telemetry::internal::collect_all(tracer);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].attributes.at("mmf.user_id"), "ann");
}

TEST_F(AuthenticationTest, a_certificate_names_the_user_unless_a_trusted_proxy_does) {
  app.options().trusted_proxies = {runtime::AddressBlock::parse("10.0.0.0/8")};
  app.get(
      "/who",
      [](const Caller& caller) {
        return PlainText{caller.id + " " + std::string(telemetry::current().user_id.view())};
      },
      "Who asks");
  app.start();
  const runtime::Address proxy = runtime::Address::parse("10.1.2.3:80"), other = runtime::Address::parse("11.1.2.3:80");
  const std::vector<http::Header> headers = {{"x-mmf-user-id", "kim"}};
  const auto who = [&](const runtime::Address& peer) {
    http::Request request;
    request.target = "/who";
    request.headers = http::HeaderList(headers);
    request.peer = &peer;
    auto identity = std::make_shared<tls::Identity>();
    identity->spiffe_id = "spiffe://shop/orders";
    request.client = identity;
    http::Response response;
    app.handle(request, response);
    return std::string(response.body());
  };
  EXPECT_EQ(who(other), "spiffe://shop/orders spiffe://shop/orders");
  EXPECT_EQ(who(proxy), "spiffe://shop/orders kim");
}

}  // namespace
}  // namespace marty::web
