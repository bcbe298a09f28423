#include "marty/secrets/token_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::secrets {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Cache = TokenCache<std::string>;

// Logs in as "1", "2", ... after a second, for an hour.
struct Logins {
  int count = 0;
  Code refusal = Code::ok;
  Cache cache{[this] {
    runtime::sleep_for(seconds(1));
    ++count;
    if (refusal != Code::ok) throw Error(refusal, "login " + std::to_string(count));
    return Cache::Login{std::to_string(count), hours(1)};
  }};

  std::string get() {
    try {
      return cache.get()->token;
    } catch (const Error& error) {
      return error.message();
    }
  }
  // What as many fibers get at the same time.
  std::vector<std::string> get_at_once(int fibers) {
    const auto getting = [this] { return get(); };
    std::vector<decltype(runtime::spawn(getting))> tasks;
    for (int i = 0; i < fibers; ++i) tasks.push_back(runtime::spawn(getting));
    std::vector<std::string> all;
    for (auto& task : tasks) all.push_back(task.join());
    return all;
  }
};

void simulate(const std::function<void(Logins&)>& body) {
  runtime::SimulatedWorld().run([&] {
    Logins logins;
    body(logins);
  });
}

TEST(TokenCache, renews_as_early_as_a_login_says) {
  runtime::SimulatedWorld().run([] {
    int logins = 0;
    Cache cache([&] { return Cache::Login{std::to_string(++logins), hours(1), minutes(20)}; });
    EXPECT_EQ(cache.get()->token, "1");
    runtime::sleep_for(minutes(39));
    EXPECT_EQ(cache.get()->token, "1");
    runtime::sleep_for(minutes(2));
    EXPECT_EQ(cache.get()->token, "2");
  });
}

TEST(TokenCache, logs_in_once_for_all_who_wait) {
  simulate([](Logins& logins) {
    EXPECT_THAT(logins.get_at_once(8), testing::Each("1"));
    EXPECT_EQ(logins.get(), "1");
    EXPECT_EQ(logins.count, 1);
  });
}

TEST(TokenCache, renews_before_the_end_while_others_go_on_with_the_old_one) {
  simulate([](Logins& logins) {
    logins.get();
    runtime::sleep_for(minutes(54));
    EXPECT_EQ(logins.get(), "1");
    runtime::sleep_for(minutes(2));
    EXPECT_THAT(logins.get_at_once(4), testing::ElementsAre("2", "1", "1", "1"));
    EXPECT_EQ(logins.get(), "2");
  });
}

TEST(TokenCache, goes_on_with_the_old_one_where_renewing_fails_and_tries_again_after_a_pause) {
  simulate([](Logins& logins) {
    logins.get();
    runtime::sleep_for(minutes(56));
    logins.refusal = Code::unavailable;
    EXPECT_EQ(logins.get(), "1");
    EXPECT_EQ(logins.get(), "1");
    EXPECT_EQ(logins.count, 2);
    runtime::sleep_for(seconds(6));
    logins.refusal = Code::ok;
    EXPECT_EQ(logins.get(), "3");
  });
}

TEST(TokenCache, logs_in_again_when_the_old_one_has_expired) {
  simulate([](Logins& logins) {
    logins.get();
    runtime::sleep_for(hours(2));
    EXPECT_THAT(logins.get_at_once(3), testing::Each("2"));
  });
}

TEST(TokenCache, remembers_a_refusal_for_a_pause) {
  simulate([](Logins& logins) {
    logins.refusal = Code::unauthenticated;
    EXPECT_THAT(logins.get_at_once(4), testing::Each("login 1"));
    EXPECT_EQ(logins.get(), "login 1");
    runtime::sleep_for(seconds(6));
    EXPECT_EQ(logins.get(), "login 2");
  });
}

TEST(TokenCache, shares_an_outage_with_those_who_waited_and_tries_again_for_the_next) {
  simulate([](Logins& logins) {
    logins.refusal = Code::unavailable;
    EXPECT_THAT(logins.get_at_once(4), testing::Each("login 1"));
    logins.refusal = Code::ok;
    EXPECT_EQ(logins.get(), "2");
  });
}

TEST(TokenCache, a_fiber_that_is_interrupted_harms_no_other) {
  simulate([](Logins& logins) {
    auto hurried = runtime::spawn([&] {
      const runtime::DeadlineScope scope(std::chrono::milliseconds(100));
      return logins.get();
    });
    auto patient = runtime::spawn([&] { return logins.get(); });
    EXPECT_EQ(patient.join(), "1");
    EXPECT_THAT(hurried.join(), testing::HasSubstr("deadline"));
  });
}

TEST(TokenCache, another_one_takes_the_place_of_a_rejected_one_once) {
  simulate([](Logins& logins) {
    const auto first = logins.cache.get();
    logins.cache.reject(first);
    const auto second = logins.cache.get();
    EXPECT_EQ(second->token, "2");
    logins.cache.reject(first);  // by a fiber that has not heard
    logins.cache.reject(second);
    EXPECT_EQ(logins.get(), "2") << "the store refuses whatever it is given";
    runtime::sleep_for(seconds(6));
    logins.cache.reject(second);
    EXPECT_EQ(logins.get(), "3");
  });
}

}  // namespace
}  // namespace marty::secrets
