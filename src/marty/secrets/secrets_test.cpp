#include "marty/secrets/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::secrets {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Says what the test wants it to say.
class ScriptedStore final : public Store {
 public:
  explicit ScriptedStore(std::string name) : name_(std::move(name)) {}
  std::string_view name() const noexcept override { return name_; }
  std::optional<Found> get(const Key& key) override {
    ++asked;
    runtime::sleep_for(10ms);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
    check();
    const auto found = values.find(key.path);
    if (found == values.end()) return std::nullopt;
    return Found{select_field(Secret(found->second), key, name_), ""};
  }
  void check() override {
    if (failure != Code::ok) throw Error(failure, name_ + " says no");
  }

  std::map<std::string, std::string> values;
  Code failure = Code::ok;
  int asked = 0;

 private:
  const std::string name_;
};

class SecretsTest : public testing::Test {
 protected:
  void in_world(const std::function<void()>& body, bool first_optional = false) {
    runtime::SimulatedWorld({.seed = 20261125}).run([&] {
      std::vector<Source> sources;
      for (ScriptedStore** store : {&first, &second}) {
        auto made = std::make_unique<ScriptedStore>(store == &first ? "first" : "second");
        *store = made.get();
        sources.push_back({std::move(made), first_optional && store == &first});
      }
      Secrets chain(std::move(sources), {.ttl = 1min, .max_stale = 10min});
      secrets = &chain;
      body();
    });
  }
  std::string get(const std::string& key) {
    try {
      return std::string(secrets->get(Key::parse(key)).reveal());
    } catch (const Error& error) {
      said = error.message();
      return std::string(code_info(error.code()).name);
    }
  }
  static void pass(runtime::Duration time) {
    runtime::sleep_for(time);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
  }

  ScriptedStore* first = nullptr;
  ScriptedStore* second = nullptr;
  Secrets* secrets = nullptr;
  std::string said;
};

TEST_F(SecretsTest, asks_in_order_and_goes_on_where_there_is_nothing) {
  in_world([&] {
    first->values = {{"a", "first a"}};
    second->values = {{"a", "second a"}, {"b", "second b"}};
    EXPECT_EQ(get("a"), "first a");
    EXPECT_EQ(get("b"), "second b");
    EXPECT_EQ(get("c"), "not_found");
    EXPECT_EQ(said, "there is no secret c; asked: first, second");
  });
}

TEST_F(SecretsTest, does_not_go_on_where_a_store_fails_or_refuses) {
  in_world([&] {
    second->values = {{"a", "second a"}};
    for (const Code code : {Code::unavailable, Code::permission_denied, Code::unauthenticated}) {
      first->failure = code;
      EXPECT_EQ(get("a"), code_info(code).name);
      EXPECT_EQ(said, "first says no");
      pass(2s);
    }
    EXPECT_EQ(second->asked, 0);
  });
}

TEST_F(SecretsTest, goes_on_where_an_optional_store_cannot_be_asked_but_not_where_it_refuses) {
  in_world(
      [&] {
        second->values = {{"a", "second a"}};
        first->failure = Code::unavailable;
        EXPECT_EQ(get("a"), "second a");
        EXPECT_EQ(get("b"), "not_found");
        EXPECT_THAT(said, HasSubstr("first (which cannot be asked now), second"));
        EXPECT_EQ(secrets->states()[0].failure, "first says no");
        pass(2s);
        first->failure = Code::permission_denied;
        EXPECT_EQ(get("c"), "permission_denied");
      },
      true);
}

TEST_F(SecretsTest, keeps_a_value_for_its_time_and_then_asks_again) {
  in_world([&] {
    first->values = {{"a", "one"}};
    EXPECT_EQ(get("a"), "one");
    first->values = {{"a", "two"}};
    EXPECT_EQ(get("a"), "one");
    EXPECT_EQ(first->asked, 1);
    pass(1min);
    EXPECT_EQ(get("a"), "two");
    EXPECT_EQ(first->asked, 2);
  });
}

TEST_F(SecretsTest, goes_on_giving_a_value_through_an_outage) {
  in_world([&] {
    first->values = {{"a", "one"}};
    EXPECT_EQ(get("a"), "one");
    first->failure = Code::unavailable;
    pass(5min);
    EXPECT_EQ(get("a"), "one");
    pass(7min);
    EXPECT_EQ(get("a"), "unavailable");
    first->failure = Code::ok;
    pass(2s);
    EXPECT_EQ(get("a"), "one");
  });
}

TEST_F(SecretsTest, leaves_a_store_alone_for_a_moment_after_an_outage) {
  in_world([&] {
    first->failure = Code::unavailable;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get("a" + std::to_string(i)), "unavailable");
    EXPECT_EQ(first->asked, 1);
    pass(2s);
    EXPECT_EQ(get("a"), "unavailable");
    EXPECT_EQ(first->asked, 2);
  });
}

TEST_F(SecretsTest, keeps_a_value_while_an_optional_store_that_may_have_it_cannot_be_asked) {
  in_world(
      [&] {
        first->values = {{"a", "good"}};
        second->values = {{"a", "stale"}};
        EXPECT_EQ(get("a"), "good");
        first->failure = Code::unavailable;
        pass(2min);
        EXPECT_EQ(get("a"), "good");
        EXPECT_TRUE(secrets->refresh().empty());
        pass(10min);
        EXPECT_EQ(get("a"), "stale") << "in the end it has nothing";
      },
      true);
}

TEST_F(SecretsTest, gives_what_is_fresh_while_a_store_is_being_asked) {
  in_world([&] {
    first->values = {{"a", "1"}, {"b", "2"}};
    get("a");
    auto slow = runtime::spawn([&] { return get("b"); });
    runtime::yield();
    const runtime::TimePoint before = runtime::now();
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(runtime::now(), before);
    EXPECT_EQ(slow.join(), "2");
  });
}

TEST_F(SecretsTest, tells_of_a_rotation_that_somebody_else_noticed_first) {
  in_world([&] {
    first->values = {{"a", "1"}};
    get("a");
    first->values = {{"a", "2"}};
    pass(1min);
    EXPECT_EQ(get("a"), "2");
    EXPECT_EQ(secrets->refresh(), std::vector<Key>{Key::parse("a")});
    EXPECT_TRUE(secrets->refresh().empty());
  });
}

TEST_F(SecretsTest, takes_nobodys_deadline_for_an_outage) {
  in_world([&] {
    first->values = {{"a", "1"}};
    {
      const runtime::DeadlineScope deadline(std::chrono::milliseconds(1));
      EXPECT_EQ(get("a"), "deadline_exceeded");
    }
    EXPECT_EQ(get("a"), "1");
  });
}

TEST_F(SecretsTest, tells_of_rotations) {
  in_world([&] {
    std::vector<std::string> told;
    secrets->on_rotation([&](const Key& key) { told.push_back(key.text()); });
    first->values = {{"a", "1"}, {"b", R"({"x": "1"})"}};
    get("a"), get("b#x");
    EXPECT_TRUE(secrets->refresh().empty());
    first->values = {{"a", "1"}, {"b", R"({"x": "2"})"}};
    EXPECT_EQ(secrets->refresh(), std::vector<Key>{Key::parse("b#x")});
    EXPECT_EQ(told, std::vector<std::string>{"b#x"});
    EXPECT_EQ(get("b#x"), "2");
    first->values["a"] = "2";
    EXPECT_TRUE(secrets->refresh(Key::parse("a")));
    EXPECT_FALSE(secrets->refresh(Key::parse("a")));
  });
}

TEST_F(SecretsTest, keeps_what_a_refresh_cannot_read) {
  in_world([&] {
    first->values = {{"a", "1"}};
    get("a");
    first->values.clear();
    EXPECT_TRUE(secrets->refresh().empty());
    EXPECT_EQ(get("a"), "1");
    pass(2min);
    EXPECT_EQ(get("a"), "not_found");
  });
}

TEST_F(SecretsTest, asks_once_for_what_many_want_to_know) {
  in_world([&] {
    first->values = {{"a", "1"}};
    const auto reading = [&] { return get("a"); };
    std::vector<decltype(runtime::spawn(reading))> readers;
    for (int i = 0; i < 10; ++i) readers.push_back(runtime::spawn(reading));
    for (auto& reader : readers) EXPECT_EQ(reader.join(), "1");
    EXPECT_EQ(first->asked, 1);
  });
}

TEST_F(SecretsTest, reports_how_the_stores_are) {
  in_world([&] {
    first->failure = Code::unauthenticated;
    const auto states = secrets->check();
    ASSERT_EQ(states.size(), 2U);
    EXPECT_EQ(states[0].failure, "first says no");
    EXPECT_EQ(states[1].failure, "");
  });
}

}  // namespace
}  // namespace marty::secrets
