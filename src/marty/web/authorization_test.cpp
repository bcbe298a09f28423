#include "marty/web/authorization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/web/internal/test_pets.hpp"
#include "marty/web/protocol.hpp"

namespace marty::web {
namespace {

using namespace internal;  // NOLINT: tests only
using ::testing::ElementsAre;

// Answers errors with the status alone.
class Plain final : public Protocol {
 public:
  std::string_view name() const noexcept override { return "plain"; }
  void complete(App& app) override {
    if (std::exchange(completed_, true)) return;
    app.add(http::Method::post, "/of-a-protocol", make_handler([] {}), "Added when the application starts")
        .belongs_to(*this)
        .requires_permission("pet:*:create");
  }
  void run(Exchange&, const Next& next) override { next(); }
  bool claims(const http::Request&) const noexcept override { return false; }
  void write_error(Exchange& exchange, const Error& error) override {
    exchange.response().status = error.http_status();
  }
  std::span<const std::string_view> systems() const noexcept override { return kSystems; }
  std::size_t system_of(const http::Request&) const noexcept override { return 0; }
  std::string status_name(std::size_t, Code) const override { return ""; }
  void describe(const Route&, json::Schemas&, json::Value&) const override {}

 private:
  static constexpr std::string_view kSystems[] = {"plain"};
  bool completed_ = false;
};

class AuthorizationTest : public ::testing::Test {
 protected:
  AuthorizationTest() {
    app.filter(Phase::authentication, "names", [](http::Request& request, http::Response&, Next next) {
      if (const auto user = request.headers.find("x-user"))
        next.exchange().set_caller({.id = std::string(*user), .permissions = {"pet:*:read"}});
      next();
    });
    app.get(
           "/read", [this] { ++handled; }, "Read")
        .requires_permission("pet:7:read");
    app.post(
           "/write", [this] { ++handled; }, "Write")
        .requires_permission("pet:*:create");
    app.post(
           "/known", [this] { ++handled; }, "For whoever is known")
        .requires_authentication();
    app.post(
           "/same", [this] { ++handled; }, "With the permissions of another")
        .requires_same_as({.permissions = {"pet:*:create"}});
    app.add_protocol(std::make_unique<Plain>());
  }
  int status(std::string_view method, std::string_view path, std::vector<http::Header> headers = {}) {
    return ask(app, {method, path, std::move(headers)}).status;
  }
  App app;
  int handled = 0;
};

TEST_F(AuthorizationTest, no_filter_switches_it_off_in_whatever_phase) {
  for (const Phase phase :
       {Phase::edge, Phase::authentication, Phase::authorization, Phase::rate_limit, Phase::resilience, Phase::user}) {
    app.filter(phase, "passes", [](http::Request&, http::Response&, Next next) { next(); });
  }
  app.start();
  for (const auto& [method, path] : {std::pair{"POST", "/write"},
                                     {"GET", "/read"},
                                     {"HEAD", "/read"},
                                     {"POST", "/known"},
                                     {"POST", "/same"},
                                     {"POST", "/of-a-protocol"}}) {
    EXPECT_EQ(status(method, path), 401) << path;
  }
  for (const char* path : {"/write", "/same", "/of-a-protocol"})
    EXPECT_EQ(status("POST", path, {{"x-user", "ann"}}), 403);
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(status("GET", "/read", {{"x-user", "ann"}}), 204);
  EXPECT_EQ(status("HEAD", "/read", {{"x-user", "ann"}}), 204);
  EXPECT_EQ(status("POST", "/known", {{"x-user", "ann"}}), 204);
  EXPECT_EQ(handled, 3);
}

TEST_F(AuthorizationTest, stands_behind_the_filters_of_its_phase_and_before_the_others) {
  std::vector<std::string> order;
  for (const Phase phase : {Phase::authorization, Phase::rate_limit}) {
    app.filter(phase, "notes", [&order, phase](http::Request&, http::Response&, Next next) {
      order.emplace_back(phase_name(phase));
      next();
    });
  }
  app.start();
  EXPECT_THAT(app.filters(), ElementsAre("authentication: names", "authorization: notes", "authorization: permissions",
                                         "rate_limit: notes"));
  EXPECT_EQ(status("POST", "/write", {{"x-user", "ann"}}), 403);
  EXPECT_THAT(order, ElementsAre("authorization"));
}

TEST_F(AuthorizationTest, filters_of_its_phase_refuse_more) {
  app.filter(Phase::authorization, "tenant", [](http::Request& request, http::Response&, Next next) {
    if (request.header("x-tenant").empty()) throw Error(Code::permission_denied, "say which tenant");
    next();
  });
  app.start();
  EXPECT_EQ(status("GET", "/read", {{"x-user", "ann"}}), 403);
  EXPECT_EQ(status("GET", "/read", {{"x-user", "ann"}, {"x-tenant", "a"}}), 204);
}

TEST_F(AuthorizationTest, holds_again_after_a_second_start) {
  app.start();
  app.stop();
  app.filter(Phase::authorization, "passes", [](http::Request&, http::Response&, Next next) { next(); });
  app.start();
  EXPECT_EQ(status("POST", "/write", {{"x-user", "ann"}}), 403);
  EXPECT_EQ(status("POST", "/write"), 401);
}

TEST_F(AuthorizationTest, a_function_may_decide_which_permissions_a_caller_has_but_not_for_strangers) {
  std::vector<std::string> asked;
  app.authorize_by([&](Exchange& exchange, std::string_view permission) {
    asked.push_back(exchange.caller().id + " " + std::string(permission));
    return exchange.caller().id == "bob";
  });
  app.start();
  EXPECT_EQ(status("POST", "/write"), 401);
  EXPECT_EQ(status("POST", "/write", {{"x-user", "ann"}}), 403);
  EXPECT_EQ(status("POST", "/write", {{"x-user", "bob"}}), 204);
  EXPECT_EQ(status("POST", "/of-a-protocol", {{"x-user", "ann"}}), 403);
  EXPECT_THAT(asked, ElementsAre("ann pet:*:create", "bob pet:*:create", "ann pet:*:create"));
}

TEST_F(AuthorizationTest, one_function_decides_and_it_is_not_empty) {
  const auto code = [&](Authorizer authorizer) {
    try {
      app.authorize_by(std::move(authorizer));
    } catch (const Error& error) {
      return error.code();
    }
    return Code::ok;
  };
  EXPECT_EQ(code({}), Code::invalid_argument);
  EXPECT_EQ(code([](Exchange&, std::string_view) { return true; }), Code::ok);
  EXPECT_EQ(code([](Exchange&, std::string_view) { return true; }), Code::already_exists);
}

}  // namespace
}  // namespace marty::web
