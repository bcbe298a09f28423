// A service and its configuration: what handlers get, what the log and /health say, secrets that rotate.
#include <csignal>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/secrets/local_stores.hpp"
#include "marty/telemetry/log.hpp"
#include "support.hpp"

namespace marty::configuration_tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Greeting {
  std::string text = "hello";
  std::string language = "en";
  static constexpr auto rules = marty::rules(marty::field<&Greeting::text>.reloadable());
};
struct Fixed {
  int number = 1;
};
struct Said {
  std::string text;
  int number;
};
struct Greeter {  // lives as long as the service
  config::Live<Greeting> greeting;
};

class ServiceConfiguration : public testing::Test {
 protected:
  void with(const std::function<void(Service&)>& declare, const std::function<void(Service&)>& body) {
    runtime::World::real({.loops = 1})->run([&] {
      Service service("greeter", options_for(folder, sink));
      declare(service);
      service.start();
      try {
        body(service);
      } catch (...) {
        service.stop();
        throw;
      }
      service.stop();
    });
  }
  static json::Value get(Service& service, const std::string& path) {
    http::Client client;
    return json::Value::parse(client.get("http://" + service.address().to_string() + path).body);
  }
  bool log_tells(std::string_view text) const {
    for (int i = 0; i < 1000; ++i) {
      if (!lines_with(sink, text).empty()) return true;
      runtime::sleep_for(5ms);  // tidy:allow(sleep): until the watch has settled
    }
    return false;
  }

  Folder folder;
  telemetry::RecordingSink sink;
};

TEST_F(ServiceConfiguration, reaches_handlers_factories_and_what_lives_longer) {
  folder.replace("greeting: {text: one}\nfixed: {number: 5}\n");
  with(
      [](Service& service) {
        service.configure<Greeting>("greeting");
        service.configure<Fixed>("fixed");
        service.provide([](const config::Live<Greeting>& greeting) { return Greeter{greeting}; });
        service.get(
            "/handler",
            [](const Greeting& greeting, const Fixed& fixed) {
              return Said{greeting.text, fixed.number};
            },
            "By the request");
        service.get(
            "/live",
            [](const Greeter& greeter) {
              return Said{greeter.greeting->text, 0};
            },
            "By what lives longer");
      },
      [&](Service& service) {
        EXPECT_EQ(get(service, "/handler").at("/text").as_string(), "one");
        EXPECT_EQ(get(service, "/handler").at("/number").as_integer(), 5);
        folder.replace("greeting: {text: two}\nfixed: {number: 6}\n");
        EXPECT_TRUE(log_tells("the configuration was reloaded"));
        EXPECT_EQ(get(service, "/handler").at("/text").as_string(), "two");
        EXPECT_EQ(get(service, "/live").at("/text").as_string(), "two");
        EXPECT_EQ(get(service, "/handler").at("/number").as_integer(), 5);
        EXPECT_TRUE(log_tells("settings were changed that need a restart: fixed.number"));
      });
}

TEST_F(ServiceConfiguration, what_lives_longer_cannot_hold_a_reference_into_what_changes) {
  Service service("greeter", options_for(folder, sink));
  service.configure<Greeting>("greeting");
  service.provide([](const Greeting& greeting) { return Said{greeting.text, 0}; });
  service.get(
      "/said", [](const Said& said) { return said; }, "Say");
  runtime::World::real({.loops = 1})->run([&] {
    try {
      service.start();
      FAIL();
    } catch (const Error&) {
      EXPECT_THAT(describe(std::current_exception()), HasSubstr("Greeting"));
    }
  });
}

TEST_F(ServiceConfiguration, is_named_by_its_generation_in_the_log_lines_of_a_request) {
  folder.replace("greeting: {text: one}\n");
  with(
      [](Service& service) {
        service.configure<Greeting>("greeting");
        service.get(
            "/log",
            [] {
              marty::log::info("said");
              return Fixed{};
            },
            "Log");
      },
      [&](Service& service) {
        get(service, "/log");
        folder.replace("greeting: {text: two}\n");
        service.reload("a test");
        get(service, "/log");
        const std::vector<std::string> lines = lines_with(sink, "\"message\":\"said\"");
        ASSERT_EQ(lines.size(), 2U);
        EXPECT_THAT(lines[0], HasSubstr("\"config_generation\":1"));
        EXPECT_THAT(lines[1], HasSubstr("\"config_generation\":2"));
        EXPECT_THAT(lines_with(sink, "was reloaded").at(0), HasSubstr("\"cause\":\"a test\""));
      });
}

TEST_F(ServiceConfiguration, changes_the_level_of_the_log) {
  with(
      [](Service& service) {
        service.get(
            "/log",
            [] {
              marty::log::debug("in detail");
              return Fixed{};
            },
            "Log");
      },
      [&](Service& service) {
        get(service, "/log");
        EXPECT_THAT(lines_with(sink, "in detail"), testing::IsEmpty());
        folder.replace("logging: {level: debug}\n");
        service.reload();
        get(service, "/log");
        EXPECT_EQ(lines_with(sink, "in detail").size(), 1U);
      });
}

TEST_F(ServiceConfiguration, is_degraded_while_a_reload_is_refused) {
  with([](Service& service) { service.configure<Greeting>("greeting"); },
       [&](Service& service) {
         folder.replace("greeting: {txt: one}\n");
         EXPECT_THROW(service.reload(), Error);
         json::Value report = get(service, "/health");
         EXPECT_EQ(report.at("/status").as_string(), "degraded");
         EXPECT_THAT(report.to_string(),
                     testing::AllOf(HasSubstr("\"code\":\"failed_precondition\""), Not(HasSubstr("txt"))));
         EXPECT_FALSE(lines_with(sink, "the last reload was refused").empty()) << "why stands in the log";
         EXPECT_FALSE(lines_with(sink, "did you mean greeting.text?").empty());
         folder.replace("greeting: {text: one}\n");
         service.reload();
         runtime::sleep_for(1100ms);  // tidy:allow(sleep): a report is kept for a second
         EXPECT_EQ(get(service, "/health").at("/status").as_string(), "healthy");
         EXPECT_THAT(service.metrics().prometheus(),
                     testing::AllOf(HasSubstr("mmf_config_generation 2"),
                                    HasSubstr("mmf_config_reloads_total{result=\"refused\"} 1")));
       });
}

TEST_F(ServiceConfiguration, tells_where_it_runs_at_the_start) {
  with([](Service&) {},
       [&](Service&) {
         EXPECT_THAT(lines_with(sink, "\"message\":\"started\"").at(0),
                     testing::AllOf(HasSubstr("\"hosting\":\""), HasSubstr("\"stores\":\"")));
       });
}

// A service elsewhere that takes the token of now and the one before, as while a token is rotated.
class Payments {
 public:
  explicit Payments(std::string token) : now_(std::move(token)) {}
  void rotate(std::string token) { before_ = std::exchange(now_, std::move(token)); }
  void forget_the_old_one() { before_.clear(); }
  bool accepts(std::string_view authorization) const {
    return authorization == "Bearer " + now_ || (!before_.empty() && authorization == "Bearer " + before_);
  }

 private:
  std::string now_, before_;
};

struct PaymentsSection {
  Secret token;
  static constexpr auto rules = marty::rules(marty::field<&PaymentsSection::token>.reloadable());
};

// Values that the test changes, and a store that gives them.
secrets::MemoryStore values;

class SharedStore final : public secrets::Store {
 public:
  std::string_view name() const noexcept override { return "shared"; }
  std::optional<secrets::Found> get(const secrets::Key& key) override { return values.get(key); }
  void check() override {}
};
std::unique_ptr<secrets::Store> shared_store(secrets::MemoryOptions) { return std::make_unique<SharedStore>(); }

TEST_F(ServiceConfiguration, rotates_a_secret_under_load_without_a_failed_request) {
  folder.replace(
      "secrets: {order: [shared], refresh_interval: 20ms}\n"
      "payments: {token: '${SECRET:shop/payments#token}'}\n");
  values.put("shop/payments", Secret(R"({"token": "token-0"})"));
  Payments payments("token-0");
  with(
      [&](Service& service) {
        service.secret_store("shared", shared_store);
        service.configure<PaymentsSection>("payments");
        service.get(
            "/payments",
            [&](const http::Request& request) {
              if (!payments.accepts(request.header("authorization")))
                throw Error(Code::unauthenticated, "not this token").for_callers();
              return Fixed{};
            },
            "The other side");
        service.provide([] { return http::Client(); });
        service.get(
            "/pay",
            [&](const PaymentsSection& section, http::Client& client) {
              const http::Reply reply =
                  client.send({.url = "http://" + service.address().to_string() + "/payments",
                               .headers = {{"authorization", "Bearer " + std::string(section.token.reveal())}}});
              if (reply.status != 200) throw Error(Code::unavailable, "the payment failed").for_callers();
              return Fixed{};
            },
            "Pay");
      },
      [&](Service& service) {
        Load load(service, "/pay", 8);
        for (int i = 1; i <= 20; ++i) {
          const std::string token = "token-" + std::to_string(i);
          const std::uint64_t before = service.configuration().generation();
          payments.rotate(token);
          values.put("shop/payments", Secret("{\"token\": \"" + token + "\"}"));
          while (service.configuration().generation() == before)
            runtime::sleep_for(1ms);  // tidy:allow(sleep): until the rotation is noticed
          runtime::sleep_for(20ms);   // tidy:allow(sleep): requests of before come to their end
          payments.forget_the_old_one();
        }
        load.finish();
        EXPECT_THAT(load.failures(), testing::IsEmpty());
        EXPECT_GT(load.replies(), 100);
        EXPECT_THAT(lines_with(sink, "rotation of the secret shop/payments#token").size(), 20U);
        for (const std::string& line : sink.lines()) EXPECT_THAT(line, Not(HasSubstr("token-")));
      });
}

// Long before they would be looked at: refresh_interval.
TEST_F(ServiceConfiguration, reads_secrets_again_when_it_is_asked_to_reload_and_says_when_nothing_changed) {
  folder.replace(
      "secrets: {order: [shared], refresh_interval: 1h}\npayments: {token: '${SECRET:shop/payments#token}'}\n");
  values.put("shop/payments", Secret(R"({"token": "first"})"));
  with(
      [&](Service& service) {
        service.secret_store("shared", shared_store);
        service.configure<PaymentsSection>("payments");
        service.get(
            "/said",
            [](const PaymentsSection& section) {
              return Said{std::string(section.token.reveal()), 0};
            },
            "Say");
      },
      [&](Service& service) {
        EXPECT_FALSE(service.reload("SIGHUP").changed);
        const std::vector<std::string> unchanged = lines_with(sink, "the configuration is as it was before");
        ASSERT_EQ(unchanged.size(), 1U);
        EXPECT_THAT(unchanged[0], testing::AllOf(HasSubstr("\"cause\":\"SIGHUP\""), HasSubstr("\"generation\":1")));
        EXPECT_EQ(get(service, "/said").at("/text").as_string(), "first");

        values.put("shop/payments", Secret(R"({"token": "second"})"));
        EXPECT_TRUE(service.reload("SIGHUP").changed);
        EXPECT_EQ(get(service, "/said").at("/text").as_string(), "second");
        EXPECT_EQ(lines_with(sink, "the configuration was reloaded").size(), 1U);
        EXPECT_EQ(lines_with(sink, "the configuration is as it was before").size(), 1U) << "not this time";
      });
}

TEST_F(ServiceConfiguration, switches_flags_and_plugins_while_it_runs) {
  folder.replace("feature_flags: {new_greeting: false}\n");
  std::filesystem::create_directory(folder.path() + "/plugins");
  std::ofstream(folder.path() + "/plugins/billing.yaml") << "default: {settings: {url: 'https://a'}}\n";
  with(
      [](Service& service) {
        const flags::Flag flag = service.flags().declare("new_greeting", false);
        service.plugins();
        service.get(
            "/said",
            [flag](const config::Plugins& plugins) {
              return Said{flag.enabled() ? "hi" : "hello", static_cast<int>(plugins.enabled().size())};
            },
            "Say");
      },
      [&](Service& service) {
        EXPECT_EQ(get(service, "/said").to_string(), R"({"text":"hello","number":1})");
        folder.replace("feature_flags: {new_greeting: true}\n");
        service.reload();
        service.plugins().set_enabled("billing", false);
        EXPECT_EQ(get(service, "/said").to_string(), R"({"text":"hi","number":0})");
        std::ofstream(folder.path() + "/plugins/billing.yaml") << "default: {enabld: true}\n";
        EXPECT_TRUE(log_tells("did you mean plugin.billing.enabled?"));
        EXPECT_THAT(service.metrics().prometheus(),
                    HasSubstr("mmf_feature_flag_evaluations_total{flag=\"new_greeting\",result=\"on\"} 1"));
      });
}

TEST_F(ServiceConfiguration, refuses_stores_that_it_does_not_have) {
  const auto refusal = [&](std::string_view yaml) -> std::string {
    folder.replace(yaml);
    try {
      with([](Service&) {}, [](Service&) {});
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  EXPECT_EQ(refusal("secrets: {order: [vault]}"),
            "secrets.order names vault, which this program does not bring: link marty::vault and call "
            "service.secret_store(\"vault\", marty::vault::store)");
  EXPECT_EQ(refusal("secrets: {order: [fil]}"),
            "secrets.order names fil, which is no store of this program; did you mean file?");
  EXPECT_EQ(refusal("secrets: {order: [file], optional: [vault]}"),
            "secrets.optional names vault, which is not in secrets.order");
  EXPECT_THAT(
      refusal("secrets: {order: [file], file: {directry: /x}, ttl: 5}\nservice: {version: '${SECRET:a}'}"),
      testing::AllOf(HasSubstr("secrets.file.directry is not a known key; did you mean secrets.file.directory?"),
                     HasSubstr("service.version needs the secret a: the section secrets has problems")));
  EXPECT_THAT(refusal("service:\n  version: '${SECRET:shop/a}'\nsecrets: {order: [environment, memory]}"),
              HasSubstr("base.yaml:2: service.version needs the secret shop/a: there is no secret shop/a; asked: "
                        "environment, memory"));
}

}  // namespace
}  // namespace marty::configuration_tests
