// Secrets: several stores, asked in order, and what they said, kept for a while.
//
//   std::vector<secrets::Source> sources;
//   sources.push_back({.store = vault::store(options)});
//   sources.push_back({.store = secrets::file_store({})});
//   secrets::Secrets secrets(std::move(sources), {.ttl = 5min});
//   Secret password = secrets.get(secrets::Key::parse("shop/database#password"));
//   secrets.on_rotation([](const secrets::Key& key) { ... });
//   secrets.refresh();      // now and then: asks anew for all that is in use
//
// The next store is asked where one answers that it has no such secret, and where one that is declared optional cannot
// be asked; never where a store refuses. A value that was read before goes on being given for max_stale where its
// store, or one before it, cannot be asked. Fibers of all loops may use it at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/secrets/store.hpp"

namespace marty::secrets {

struct Source {
  std::unique_ptr<Store> store;
  bool optional = false;  // while it cannot be asked, it counts as having nothing
};

struct SecretsOptions {
  runtime::Duration ttl = std::chrono::minutes(5);       // how long a value is given without asking again
  runtime::Duration max_stale = std::chrono::hours(1);   // how long beyond that, while its store cannot be asked
  runtime::Duration back_off = std::chrono::seconds(1);  // how long a store that could not be asked is left alone
};

// How a store did when it was last asked.
struct StoreState {
  std::string name;
  bool optional = false;
  std::string failure;  // "": well, or not asked yet
};

class Secrets {
 public:
  explicit Secrets(std::vector<Source> sources, SecretsOptions options = {});
  ~Secrets();
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  // Throws Error: not_found, naming the key and the stores that were asked; else what the store that failed says.
  Secret get(const Key& key);

  // Asks anew for every key that was ever given, and calls the notices for those that have another value than before.
  // Keys that cannot be read now keep their value. Returns the keys that changed since it last returned, whoever
  // noticed.
  std::vector<Key> refresh();
  // Asks anew for one key, at once: a request that was refused may have met a rotation. True where it changed.
  bool refresh(const Key& key);

  void on_rotation(std::function<void(const Key&)> notice);

  // Asks each store how it is.
  std::vector<StoreState> check();
  std::vector<StoreState> states() const;  // without asking

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::secrets
