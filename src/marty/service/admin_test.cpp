// The introspection pages of a service: what they show, what they keep to themselves, and to whom they answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/admin/log_lines.hpp"
#include "marty/admin/traces.hpp"
#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/span.hpp"

namespace marty {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kScript = "<script>alert('1')</script>";
constexpr std::string_view kEscaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;";

struct Payments {
  std::string url = "http://payments";
  std::string api_key;
};

ServiceOptions options(telemetry::LogSink& log, std::string environment = "development", config::Variables more = {}) {
  more.emplace("MARTY_SERVER__HTTP_PORT", "0");
  return {.directory = "/nonexistent",
          .environment = std::move(environment),
          .variables = std::move(more),
          .log_sink = &log};
}

using Headers = std::vector<std::pair<std::string, std::string>>;

// A service with routes that answer, fail, take their time and wait.
class AdminTest : public testing::Test {
 protected:
  void run(const std::function<void()>& test, config::Variables more = {}) {
    runtime::SimulatedWorld().run([&] {
      more.emplace("MARTY_PAYMENTS__API_KEY", "s3cr3t-key");
      Service service("shop", options(log_, "development", more));
      http::Client client;
      service_ = &service;
      client_ = &client;
      service.configure<Payments>("payments");
      service.describe({.description = "A shop"});
      service.get(
          "/ok", [] { return PlainText{"ok"}; }, std::string(kScript));
      service.get(
          "/fail", [] { fail(); }, "Fails");
      service.get(
          "/slow", [] { runtime::sleep_for(seconds(2)); }, "Takes its time");  // tidy:allow(sleep): virtual
      service.get(
          "/wait", [this] { go_on_.wait(); }, "Waits");
      service.health_check({.name = "payments", .required = false, .check = [this] {
                              if (fails_) throw Error(Code::unavailable, "no answer from 10.0.0.7");
                            }});
      service.start();
      pages_ = "http://" + service.admin_address().value().to_string();
      try {
        test();
      } catch (const std::exception&) {
        ADD_FAILURE() << describe(std::current_exception());
      }
      service.stop();
    });
  }

  static void fail() {
    const telemetry::Span span("look up", {{"sku", kScript}});
    log::warning(kScript, {{"note", kScript}, {"password", "hunter2"}});
    throw Error(Code::internal, "the shelf is gone");
  }

  int call(std::string_view path) {
    return client_->send({.url = "http://" + service_->address().to_string() + std::string(path)}).status;
  }
  http::Reply page(std::string_view path, Headers headers = {}) {
    return client_->send({.url = pages_ + std::string(path), .headers = std::move(headers)});
  }
  std::string html(std::string_view path) { return page(path).body; }
  json::Value data(std::string_view path) {
    return json::Value::parse(page(path, {{"accept", "application/json"}}).body);
  }
  http::Reply post(std::string body, Headers headers = {}) {
    headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    return client_->send({.method = http::Method::post,
                          .url = pages_ + "/log-levels",
                          .headers = std::move(headers),
                          .body = std::move(body)});
  }
  static void collect() { runtime::sleep_for(seconds(1)); }  // tidy:allow(sleep): virtual

  telemetry::RecordingSink log_;
  runtime::Event go_on_;
  bool fails_ = false;  // a component
  Service* service_ = nullptr;
  std::string pages_;
  http::Client* client_ = nullptr;
};

TEST_F(AdminTest, every_page_comes_as_html_and_as_json) {
  run([this] {
    for (const std::string path :
         {"/", "/routes", "/requests", "/traces", "/dependencies", "/configuration", "/log-levels", "/runtime"}) {
      const http::Reply reply = page(path);
      EXPECT_EQ(reply.status, 200) << path;
      EXPECT_EQ(reply.header("content-type"), "text/html; charset=utf-8") << path;
      EXPECT_THAT(reply.header("content-security-policy"), HasSubstr("default-src 'none'")) << path;
      EXPECT_EQ(reply.header("cache-control"), "no-store") << path;
      EXPECT_THAT(reply.body, Not(HasSubstr("<script"))) << path;
      EXPECT_THAT(reply.body, HasSubstr("</html>")) << path;
      EXPECT_EQ(data(path)["service"].as_string(), "shop") << path;
      EXPECT_EQ(json::Value::parse(html(path + "?format=json"))["service"].as_string(), "shop") << path;
    }
    EXPECT_EQ(page("/?format=xml").status, 400);
    EXPECT_EQ(page("/admin.css").header("content-type"), "text/css; charset=utf-8");
    EXPECT_THAT(html("/metrics"), HasSubstr("mmf_build_info"));
  });
}

TEST_F(AdminTest, the_overview_says_how_the_service_is) {
  run([this] {
    const json::Value overview = data("/");
    EXPECT_EQ(overview["environment"].as_string(), "development");
    EXPECT_EQ(overview.at("/health/status").as_string(), "healthy");
    EXPECT_EQ(overview.at("/objectives").size(), 3);
    EXPECT_EQ(overview.at("/reasons").size(), 0);
    EXPECT_THAT(html("/"), HasSubstr("availability"));
  });
}

TEST_F(AdminTest, the_overview_says_why_a_component_is_not_well) {
  run([this] {
    fails_ = true;
    EXPECT_EQ(data("/").at("/reasons/0/reason").as_string(), "unavailable: no answer from 10.0.0.7");
    EXPECT_THAT(html("/"), HasSubstr("unavailable: no answer from 10.0.0.7"));
  });
}

TEST_F(AdminTest, routes_tell_their_requests_and_texts_are_escaped) {
  run([this] {
    for (int i = 0; i < 3; ++i) call("/ok");
    call("/fail");
    const std::string text = html("/routes");
    EXPECT_THAT(text, HasSubstr(kEscaped));
    EXPECT_THAT(text, Not(HasSubstr(kScript)));
    const json::Value routes = data("/routes");
    for (const json::Value& route : routes["routes"].as_array()) {
      if (route["pattern"].as_string() == "/ok") {
        EXPECT_EQ(route["requests"].as_integer(), 3);
        EXPECT_EQ(route["failed"].as_integer(), 0);
        EXPECT_GT(route["p99_ms"].as_number(), 0);
      } else if (route["pattern"].as_string() == "/fail") {
        EXPECT_EQ(route["failed"].as_integer(), 1);
      } else if (route["pattern"].as_string() == "/slow") {
        EXPECT_EQ(route.find("p99_ms"), nullptr);
      }
    }
  });
}

TEST_F(AdminTest, a_failed_trace_is_shown_with_its_spans_and_lines) {
  run([this] {
    EXPECT_EQ(call("/fail"), 500);
    collect();
    const json::Value list = data("/traces?reason=error");
    ASSERT_EQ(list["traces"].size(), 1);
    EXPECT_EQ(list.at("/traces/0/name").as_string(), "GET /fail");
    const std::string id = list.at("/traces/0/trace_id").as_string();
    EXPECT_THAT(html("/traces"), HasSubstr("/traces/" + id));

    const json::Value trace = data("/traces/" + id);
    ASSERT_EQ(trace["spans"].size(), 2);
    EXPECT_EQ(trace.at("/spans/0/name").as_string(), "GET /fail");
    EXPECT_EQ(trace.at("/spans/0/depth").as_integer(), 0);
    EXPECT_EQ(trace.at("/spans/1/name").as_string(), "look up");
    EXPECT_EQ(trace.at("/spans/1/depth").as_integer(), 1);
    EXPECT_TRUE(trace.at("/spans/0/failed").as_boolean());
    ASSERT_GE(trace["lines"].size(), 2);
    EXPECT_EQ(trace.at("/lines/0/message").as_string(), kScript);

    const std::string text = html("/traces/" + id);
    EXPECT_THAT(text, HasSubstr(kEscaped));
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, HasSubstr("request failed"));
    EXPECT_THAT(text, HasSubstr("the shelf is gone"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  });
}

TEST_F(AdminTest, where_an_exporter_collects_it_does_so_for_the_pages_although_nobody_takes_it) {
  run(
      [this] {
        for (int i = 0; i < 100; ++i) call("/fail");
        runtime::sleep_for(seconds(20));  // tidy:allow(sleep): virtual
        call("/fail");
        runtime::sleep_for(seconds(20));  // tidy:allow(sleep): virtual
        EXPECT_EQ(data("/traces?reason=error")["traces"].size(), admin::Traces::kMaxOfReason);
      },
      {{"MARTY_TELEMETRY__OTLP__ENDPOINT", "http://127.0.0.1:1"}});
}

TEST_F(AdminTest, a_slow_trace_is_shown_for_that) {
  run([this] {
    call("/slow");
    call("/ok");
    collect();
    const json::Value list = data("/traces?reason=slow");
    ASSERT_EQ(list["traces"].size(), 1);
    EXPECT_GE(list.at("/traces/0/duration_ms").as_number(), 2000);
    EXPECT_FALSE(list.at("/traces/0/failed").as_boolean());
    EXPECT_EQ(page("/traces?reason=fast").status, 400);
    EXPECT_EQ(page("/traces/4bf92f3577b34da6a3ce929d0e0e4736").status, 404);
    EXPECT_EQ(page("/traces/%3Cscript%3E").status, 404);
  });
}

TEST_F(AdminTest, a_request_under_way_is_live_until_it_is_answered) {
  run([this] {
    EXPECT_EQ(data("/requests")["requests"].size(), 0);
    auto waiting = runtime::spawn([this] { return call("/wait?token=s3cr3t"); });
    runtime::sleep_for(milliseconds(50));  // tidy:allow(sleep): virtual
    const json::Value live = data("/requests");
    ASSERT_EQ(live["requests"].size(), 1);
    EXPECT_EQ(live.at("/requests/0/route").as_string(), "/wait");
    EXPECT_EQ(live.at("/requests/0/path").as_string(), "/wait");
    EXPECT_EQ(live.at("/requests/0/trace_id").as_string().size(), 32);
    EXPECT_GT(live.at("/requests/0/age_ms").as_number(), 0);
    go_on_.set();
    waiting.join();
    EXPECT_EQ(data("/requests")["requests"].size(), 0);
  });
}

TEST_F(AdminTest, configuration_tells_where_values_come_from_and_hides_secrets) {
  run(
      [this] {
        const std::string text = html("/configuration");
        EXPECT_THAT(text, HasSubstr("http://elsewhere"));
        EXPECT_THAT(text, HasSubstr("MARTY_PAYMENTS__URL"));
        EXPECT_THAT(text, HasSubstr("payments.api_key"));
        EXPECT_THAT(text, HasSubstr("(not shown)"));
        EXPECT_THAT(text, HasSubstr(kEscaped));
        for (const std::string path : {"/configuration", "/configuration?format=json"})
          EXPECT_THAT(html(path), Not(HasSubstr("s3cr3t")));
      },
      {{"MARTY_SERVICE__VERSION", "{password: s3cr3t-too"},
       {"MARTY_PAYMENTS__URL", "http://elsewhere"},
       {"MARTY_SERVICE__DESCRIPTION", std::string(kScript)}});
}

TEST_F(AdminTest, a_level_that_is_set_counts_at_once) {
  run([this] {
    const auto writes = [this](telemetry::Level level, std::string_view logger) {
      const json::Value levels = data("/log-levels");
      for (const json::Value& each : levels["loggers"].as_array()) {
        if (each["logger"].as_string() == logger) return each["level"].as_string() == telemetry::level_name(level);
      }
      return false;
    };
    EXPECT_EQ(post("logger=shop.stock&level=trace").status, 303);
    EXPECT_TRUE(writes(telemetry::Level::trace, "shop.stock"));
    EXPECT_EQ(post("logger=&level=off").status, 303);
    EXPECT_EQ(data("/log-levels")["level"].as_string(), "off");
    const std::size_t before = log_.lines().size();
    call("/fail");
    EXPECT_EQ(log_.lines().size(), before);
    EXPECT_EQ(post("level=info").status, 303);
    call("/fail");
    EXPECT_GT(log_.lines().size(), before);
    EXPECT_EQ(post("logger=shop&level=loud").status, 400);
    EXPECT_EQ(post("logger=<script>&level=info").status, 400);
  });
}

TEST_F(AdminTest, what_another_site_sends_is_refused) {
  run([this] {
    EXPECT_EQ(page("/", {{"host", "rebound.example"}}).status, 403);
    EXPECT_EQ(page("/", {{"host", "127.0.0.1.rebound.example:80"}}).status, 403);
    EXPECT_EQ(page("/", {{"host", "localhost:1"}}).status, 200);
    EXPECT_EQ(page("/", {{"host", "[::1]:1"}}).status, 200);
    EXPECT_EQ(post("level=off", {{"origin", "http://evil.example"}}).status, 403);
    EXPECT_EQ(post("level=off", {{"origin", "null"}}).status, 403);
    EXPECT_EQ(post("level=off", {{"sec-fetch-site", "cross-site"}}).status, 403);
    EXPECT_EQ(post("level=off", {{"sec-fetch-site", "same-site"}}).status, 403);
    EXPECT_EQ(data("/log-levels")["level"].as_string(), "debug");
    EXPECT_EQ(post("level=info", {{"origin", pages_}, {"sec-fetch-site", "same-origin"}}).status, 303);
    EXPECT_EQ(data("/log-levels")["level"].as_string(), "info");
  });
}

TEST_F(AdminTest, calls_loops_and_fibers_are_shown) {
  run([this] {
    const json::Value runtime = data("/runtime");
    ASSERT_EQ(runtime["loops"].size(), 1);
    EXPECT_THAT(html("/runtime"), HasSubstr("span collection"));
    EXPECT_EQ(data("/dependencies")["calls"].size(), 0);
  });
}

TEST(Admin, is_there_in_development_only_unless_it_is_asked_for) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    const auto has_pages = [&](const std::string& environment, const config::Variables& more) {
      Service service("shop", options(log, environment, more));
      service.start();
      const bool has = service.admin_address().has_value();
      service.stop();
      return has;
    };
    EXPECT_TRUE(has_pages("development", {}));
    EXPECT_FALSE(has_pages("development", {{"MARTY_ADMIN__ENABLED", "false"}}));
    EXPECT_FALSE(has_pages("testing", {}));
    EXPECT_FALSE(has_pages("production", {}));
    EXPECT_TRUE(has_pages("production", {{"MARTY_ADMIN__ENABLED", "true"}}));
  });
}

TEST(Admin, an_address_that_others_reach_has_to_be_asked_for) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    try {
      Service("shop", options(log, "development", {{"MARTY_ADMIN__HOST", "0.0.0.0"}})).start();
      ADD_FAILURE() << "it started";
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("admin.host"));
      EXPECT_THAT(error.message(), HasSubstr("expose"));
    }
  });
}

TEST_F(AdminTest, ten_thousand_failures_stay_within_the_limits) {
  run([this] {
    for (int i = 0; i < 10'000; ++i) {
      call("/fail");
      if (i % 1000 == 0) collect();
    }
    collect();
    const json::Value list = data("/traces");
    EXPECT_EQ(data("/traces?reason=error")["traces"].size(), admin::Traces::kMaxOfReason);
    EXPECT_LE(list["traces"].size(), 3 * admin::Traces::kMaxOfReason);
    const std::string newest = list.at("/traces/0/trace_id").as_string();
    EXPECT_GE(data("/traces/" + newest)["lines"].size(), 1);
  });
}

}  // namespace
}  // namespace marty
