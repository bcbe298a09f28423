#include "marty/web/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/web/internal/test_pets.hpp"

namespace marty::web {
namespace {

using namespace internal;  // NOLINT: tests only
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AppTest : public PetsTest {};

TEST_F(AppTest, unknown_paths_methods_and_options_are_answered_by_itself) {
  app.get("/pets", list_pets, "List pets");
  app.post("/pets", add_pet, "Add a pet");
  app.start();
  EXPECT_EQ(get(app, "/dogs").status, 404);
  const Answer wrong = ask(app, {.method = "DELETE", .target = "/pets"});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask(app, {.method = "BREW", .target = "/pets"}).status, 501);  // RFC 9110 section 9.1
  EXPECT_EQ(ask(app, {.method = "BREW", .target = "/dogs"}).status, 501);
  const Answer options = ask(app, {.method = "OPTIONS", .target = "/pets"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask(app, {.method = "HEAD", .target = "/pets"}).status, 200);
}

// RFC 9110 section 9.3.7.
TEST_F(AppTest, options_of_the_server_are_the_methods_of_all_its_routes) {
  app.get("/pets", list_pets, "List pets");
  app.post("/dogs", add_pet, "Add a dog");
  app.start();
  const Answer options = ask(app, {.method = "OPTIONS", .target = "*"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(options.body, "");
}

TEST_F(AppTest, every_error_has_the_same_shape_and_names_its_correlation_id) {
  app.get(
      "/conflict", []() -> Pet { throw Error(Code::already_exists, "the name Rex is taken"); }, "Fails");
  app.start();
  const Answer answer = get(app, "/conflict?x=1", {{"x-mmf-correlation-id", "abc-1"}});
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body, R"({"type":"urn:marty:problem:already_exists","title":"Already exists","status":409,)"
                         R"("detail":"the name Rex is taken","instance":"/conflict","code":"already_exists",)"
                         R"("correlation_id":"abc-1","errors":[]})");
  EXPECT_EQ(answer.header("x-mmf-correlation-id"), "abc-1");
}

TEST_F(AppTest, an_internal_error_tells_the_log_but_not_the_client) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({}, sink);
  App own({.logging = &logging});
  own.get(
      "/secret", []() -> Pet { throw std::runtime_error("password is 1234"); }, "Fails");
  own.get(
      "/down", []() -> Pet { throw Error(Code::unavailable, "no route to 10.0.0.7"); }, "Fails");
  own.get(
      "/odd", []() -> Pet { throw 7; }, "Fails");
  own.start();
  const Answer answer = get(own, "/secret");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("1234")));
  ASSERT_EQ(sink.lines().size(), 1U);
  EXPECT_THAT(sink.lines()[0], HasSubstr("password is 1234"));
  EXPECT_THAT(sink.lines()[0], HasSubstr(answer.json()["correlation_id"].as_string()));
  const Answer down = get(own, "/down");
  EXPECT_EQ(down.status, 503);
  EXPECT_THAT(down.body, Not(HasSubstr("10.0.0.7")));
  EXPECT_EQ(get(own, "/odd").status, 500);
}

TEST_F(AppTest, what_the_service_has_run_out_of_is_its_own_failure_and_worth_another_try) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({}, sink);
  App own({.logging = &logging});
  own.get(
      "/full", []() -> Pet { throw Error::exhausted("no room on /dev/sda1").with_http_status(507); }, "Fails");
  own.get(
      "/busy", []() -> Pet { throw Error::exhausted("no thread of 'files' is free"); }, "Fails");
  own.get(
      "/memory", []() -> Pet { throw std::bad_alloc(); }, "Fails");
  own.get(
      "/greedy", []() -> Pet { throw Error(Code::resource_exhausted, "at most ten a second"); }, "Refuses");
  own.start();
  const Answer full = get(own, "/full");
  EXPECT_EQ(full.status, 507);
  EXPECT_THAT(full.body, Not(HasSubstr("sda1")));
  EXPECT_THAT(sink.lines().back(), HasSubstr("no room on /dev/sda1"));
  for (const char* path : {"/busy", "/memory"}) {
    const Answer answer = get(own, path);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.response.header("retry-after"), "1");
    EXPECT_EQ(answer.json()["code"].as_string(), "resource_exhausted");
  }
  EXPECT_EQ(sink.lines().size(), 3u);
  const Answer greedy = get(own, "/greedy");
  EXPECT_EQ(greedy.status, 429);
  EXPECT_THAT(greedy.body, HasSubstr("at most ten a second"));
  EXPECT_EQ(sink.lines().size(), 3u) << "the caller's doing is no line of the log";
}

TEST_F(AppTest, the_access_log_tells_route_status_size_and_duration) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({}, sink);
  App own({.telemetry = false, .logging = &logging, .access_log = true});
  own.get(
      "/pets/{id}", [](Path<int>) -> Pet { return {}; }, "Get one pet");
  own.start();
  get(own, "/pets/1?x=y");
  ASSERT_EQ(sink.lines().size(), 1U);
  const json::Value line = json::Value::parse(sink.lines()[0]);
  EXPECT_EQ(line["method"].as_string(), "GET");
  EXPECT_EQ(line["path"].as_string(), "/pets/1");
  EXPECT_EQ(line["route"].as_string(), "/pets/{id}");
  EXPECT_GT(line["bytes"].as_integer(), 0);
  EXPECT_GE(line["duration_ms"].as_number(), 0);
}

TEST_F(AppTest, an_error_replaces_what_the_handler_had_written) {
  app.get(
      "/",
      [](http::Response& response) {
        response.set_header("etag", "\"1\"");
        response.set_header("x-kept", "yes");
        response.set_body("half", "text/plain");
        throw Error(Code::aborted, "later");
      },
      "Fails");
  app.start();
  const Answer answer = get(app, "/");
  EXPECT_EQ(answer.header("etag"), "");
  EXPECT_EQ(answer.header("x-kept"), "yes");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_THAT(answer.body, Not(HasSubstr("half")));
}

TEST_F(AppTest, filters_run_by_phase_then_in_order_and_may_answer_by_themselves) {
  std::vector<std::string> order;
  const auto note = [&](std::string name) {
    return [&order, name](http::Request& request, http::Response& response, Next next) {
      order.push_back(name);
      if (name == "auth" && request.header("x-stop") == "1") return response.set_body("stopped", "text/plain");
      next();
      order.push_back("/" + name);
    };
  };
  app.filter("one", note("one"));
  app.filter("two", note("two"));
  app.filter(Phase::authentication, "auth", note("auth"));
  app.filter(Phase::edge, "edge", note("edge"));
  app.get(
      "/", [&] { order.push_back("handler"); }, "Root");
  app.start();
  EXPECT_THAT(app.filters(), ElementsAre("edge: edge", "authentication: auth", "user: one", "user: two"));
  get(app, "/");
  EXPECT_THAT(order, ElementsAre("edge", "auth", "one", "two", "handler", "/two", "/one", "/auth", "/edge"));
  order.clear();
  EXPECT_EQ(get(app, "/", {{"x-stop", "1"}}).body, "stopped");
  EXPECT_THAT(order, ElementsAre("edge", "auth", "/edge"));
  order.clear();
  EXPECT_EQ(get(app, "/none").status, 404);
  EXPECT_THAT(order, ElementsAre("edge", "/edge"));
}

TEST_F(AppTest, edge_filters_see_errors_as_responses_and_others_as_exceptions) {
  int seen_status = 0;
  bool caught = false;
  app.filter(Phase::edge, "edge", [&](http::Request&, http::Response& response, Next next) {
    next();
    seen_status = response.status;
  });
  app.filter("user", [&](http::Request&, http::Response&, Next next) {
    try {
      next();
    } catch (const Error&) {
      caught = true;
      throw;
    }
  });
  app.get(
      "/", []() -> Pet { throw Error(Code::aborted, "no"); }, "Fails");
  app.start();
  EXPECT_EQ(get(app, "/").status, 409);
  EXPECT_EQ(seen_status, 409);
  EXPECT_TRUE(caught);
}

TEST_F(AppTest, protected_routes_need_a_caller_with_the_permission) {
  app.filter(Phase::authentication, "names", [](http::Request& request, http::Response&, Next next) {
    if (const auto user = request.headers.find("x-user"))
      next.exchange().set_caller({.id = std::string(*user), .permissions = {"pet:*:read"}});
    next();
  });
  app.get(
         "/read", [](const Caller& caller) { return PlainText{caller.id}; }, "Read")
      .requires_permission("pet:7:read");
  app.get(
         "/write", [] {}, "Write")
      .requires_permission("pet:7:write");
  app.get(
      "/open", [](const Caller& caller) { return PlainText{caller.authenticated() ? "known" : "anonymous"}; }, "Open");
  app.start();
  const Answer unknown = get(app, "/read");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.header("www-authenticate"), "Bearer");
  EXPECT_EQ(get(app, "/read", {{"x-user", "ann"}}).body, "ann");
  EXPECT_EQ(get(app, "/write", {{"x-user", "ann"}}).status, 403);
  EXPECT_EQ(get(app, "/open").body, "anonymous");
}

struct Transaction {
  std::vector<std::string>* journal;
};

TEST_F(AppTest, a_per_request_value_succeeds_or_fails_with_its_request) {
  std::vector<std::string> journal;
  app.dependencies().per_request(
      [&] { return Transaction{&journal}; }, [](Transaction& transaction) { transaction.journal->push_back("commit"); },
      [](Transaction& transaction) noexcept { transaction.journal->push_back("roll back"); });
  app.post(
      "/good", [](Transaction& a, Transaction& b) { EXPECT_EQ(&a, &b); }, "Works");
  app.post(
      "/bad", [](Transaction&) { throw Error(Code::aborted, "no"); }, "Fails");
  app.start();
  EXPECT_EQ(ask(app, {.method = "POST", .target = "/good"}).status, 204);
  EXPECT_EQ(ask(app, {.method = "POST", .target = "/bad"}).status, 409);
  EXPECT_THAT(journal, ElementsAre("commit", "roll back"));
}

TEST_F(AppTest, a_handler_whose_dependency_is_missing_stops_the_start) {
  app.get(
      "/", [](Transaction&) {}, "Root");
  try {
    app.start();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("GET / needs "));
    EXPECT_THAT(error.message(), HasSubstr("Transaction, which nobody provides"));
  }
}

TEST_F(AppTest, counts_requests_by_route_and_status) {
  telemetry::Metrics metrics;
  App own({.service = "shop", .metrics = &metrics});
  own.get(
      "/pets/{id}", [](Path<int>) {}, "A pet");
  own.start();
  get(own, "/pets/1");
  get(own, "/pets/2");
  get(own, "/pets/x");
  get(own, "/none");
  const auto count = [&](std::string route, std::string method, std::string status) {
    return metrics.value("mmf_requests_total",
                         {{"service", "shop"}, {"method", method}, {"route", route}, {"status", status}});
  };
  EXPECT_EQ(count("/pets/{id}", "GET", "204"), 2);
  EXPECT_EQ(count("/pets/{id}", "GET", "400"), 1);
  EXPECT_EQ(count("unmatched", "GET", "404"), 1);
  EXPECT_EQ(metrics.value("mmf_requests_in_flight"), 0);
}

TEST_F(AppTest, handlers_see_the_context_of_their_request) {
  app.get(
      "/",
      [](telemetry::Context& context) {
        EXPECT_EQ(&telemetry::current(), &context);
        return PlainText{std::string(context.correlation_id.view())};
      },
      "Root");
  app.start();
  const Answer answer = get(app, "/", {{"X-Correlation-ID", "c-7"}});
  EXPECT_EQ(answer.body, "c-7");
  EXPECT_EQ(answer.header("x-mmf-request-id").size(), 32U);
}

TEST_F(AppTest, believes_user_and_session_of_trusted_proxies_only) {
  telemetry::Metrics metrics;
  App own({.metrics = &metrics, .trusted_proxies = {runtime::AddressBlock::parse("10.0.0.0/8")}});
  own.get(
      "/", [](telemetry::Context& context) { return PlainText{std::string(context.user_id.view())}; }, "Root");
  own.start();
  const std::vector<http::Header> headers = {{"x-mmf-user-id", "kim"}};
  const auto user = [&](const runtime::Address* peer) {
    http::Request request;
    request.method_text = "GET";
    request.target = "/";
    request.headers = http::HeaderList(headers);
    request.peer = peer;
    http::Response response;
    own.handle(request, response);
    return std::string(response.body());
  };
  const runtime::Address proxy = runtime::Address::parse("10.1.2.3:80"), other = runtime::Address::parse("11.1.2.3:80");
  EXPECT_EQ(user(&proxy), "kim");
  EXPECT_EQ(user(&other), "");
  EXPECT_EQ(user(nullptr), "");
  EXPECT_EQ(metrics.value("mmf_correlation_rejected_total", {{"reason", "untrusted_identity"}}), 2);
  EXPECT_EQ(metrics.value("mmf_correlation_rejected_total", {{"reason", "traceparent"}}), 0);
}

TEST_F(AppTest, without_telemetry_nothing_is_echoed) {
  App own({.telemetry = false});
  own.get(
      "/", [] {}, "Root");
  own.start();
  EXPECT_EQ(get(own, "/").response.wire_headers(), "");
}

}  // namespace
}  // namespace marty::web
