// The contract of secrets/store.hpp as tests: every store runs all of them against a server or place of its own.
//
//   class VaultBackend final : public secrets::contract::Backend { ... };
//   INSTANTIATE_TEST_SUITE_P(Vault, StoreContract, testing::Values(&vault), name_of);    // see drivers/vault
//   INSTANTIATE_TEST_SUITE_P(Vault, StoreOutageContract, testing::Values(&vault), name_of);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/secrets/store.hpp"

namespace marty::secrets::contract {

// What a store's test gives. Its functions are called on a fiber of the world in which the store is used.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;
  virtual std::string missing() { return ""; }  // why this backend cannot be tested here: the tests are skipped
  virtual std::unique_ptr<Store> store() = 0;   // a new one, for the same place
  virtual void put(const std::string& path, const std::map<std::string, std::string>& fields) = 0;  // adds or replaces
  // For StoreOutageContract: the place cannot be asked from now on, and then it can be again, with what it had.
  virtual void stop() {}
  virtual void start() {}
};

class StoreContract : public testing::TestWithParam<Backend*> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam()->missing();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  void with_store(const std::function<void(Backend&, Store&)>& body) {
    runtime::World::real({.loops = 1})->run([&] {
      const std::unique_ptr<Store> store = GetParam()->store();
      body(*GetParam(), *store);
    });
  }
  // What the store has under that key; "(nothing)", or the name of the code that it throws.
  static std::string read(Store& store, const std::string& key, std::string* message = nullptr) {
    try {
      const std::optional<Found> found = store.get(Key::parse(key));
      return found ? std::string(found->value.reveal()) : "(nothing)";
    } catch (const Error& error) {
      if (message != nullptr) *message = error.message();
      return std::string(code_info(error.code()).name);
    }
  }
};

// Of places that can be out of reach.
class StoreOutageContract : public StoreContract {};

inline std::string name_of(const testing::TestParamInfo<Backend*>& info) { return info.param->name(); }

TEST_P(StoreContract, gives_the_field_of_a_secret) {
  with_store([](Backend& backend, Store& store) {
    backend.put("shop/database", {{"user", "ann"}, {"password", "hunter2 \"quoted\" \xC3\xA4\n"}});
    EXPECT_EQ(read(store, "shop/database#password"), "hunter2 \"quoted\" \xC3\xA4\n");
    EXPECT_EQ(read(store, "shop/database#user"), "ann");
  });
}

TEST_P(StoreContract, has_nothing_where_there_is_nothing) {
  with_store([](Backend&, Store& store) {
    EXPECT_EQ(read(store, "shop/missing"), "(nothing)");
    EXPECT_EQ(read(store, "shop/missing#password"), "(nothing)");
  });
}

TEST_P(StoreContract, names_the_fields_that_there_are_and_no_values) {
  with_store([](Backend& backend, Store& store) {
    backend.put("shop/fields", {{"user", "ann"}, {"password", "hunter2"}});
    std::string message;
    EXPECT_EQ(read(store, "shop/fields#pasword", &message), "invalid_argument");
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("shop/fields"), testing::HasSubstr("pasword"),
                                        testing::HasSubstr("did you mean password?"),
                                        testing::Not(testing::HasSubstr("hunter2"))));
  });
}

TEST_P(StoreContract, gives_the_new_value_after_a_rotation) {
  with_store([](Backend& backend, Store& store) {
    backend.put("shop/rotated", {{"token", "old"}, {"other", "x"}});
    EXPECT_EQ(read(store, "shop/rotated#token"), "old");
    backend.put("shop/rotated", {{"token", "new"}, {"other", "x"}});
    EXPECT_EQ(read(store, "shop/rotated#token"), "new");
  });
}

TEST_P(StoreOutageContract, is_unavailable_in_an_outage_and_comes_back) {
  with_store([](Backend& backend, Store& store) {
    backend.put("shop/outage", {{"token", "kept"}, {"other", "x"}});
    EXPECT_EQ(read(store, "shop/outage#token"), "kept");
    backend.stop();
    std::string message;
    EXPECT_EQ(read(store, "shop/outage#token", &message), "unavailable");
    EXPECT_THAT(message, testing::HasSubstr(std::string(store.name())));
    EXPECT_THROW(store.check(), Error);
    backend.start();
    EXPECT_EQ(read(store, "shop/outage#token"), "kept");
    EXPECT_NO_THROW(store.check());
  });
}

TEST_P(StoreContract, serves_many_fibers_at_a_time) {
  with_store([](Backend& backend, Store& store) {
    backend.put("shop/many", {{"token", "same"}, {"other", "x"}});
    const auto reading = [&] { return read(store, "shop/many#token"); };
    std::vector<decltype(runtime::spawn(reading))> readers;
    for (int i = 0; i < 16; ++i) readers.push_back(runtime::spawn(reading));
    for (auto& reader : readers) EXPECT_EQ(reader.join(), "same");
  });
}

}  // namespace marty::secrets::contract
