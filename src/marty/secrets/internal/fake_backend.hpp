// For the contract of stores whose place cannot be had in a test: a server that is written from the documentation of
// the place, and runs in the same world as the store.
//
//   FakeBackend<FakeGcp> by_key_file("FakeGcpByKeyFile", [](const FakeGcp& server) { return gcp::store(...); });
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "marty/json/value.hpp"
#include "marty/secrets/internal/contract_suite.hpp"

namespace marty::secrets::internal {

// The versions of each secret, oldest first, by the name that the place gives it.
using FakeSecrets = std::map<std::string, std::vector<std::string>>;

// A Server is made of what it serves and a port (0: any), serves until its end, and has a port().
template <class Server>
class FakeBackend final : public contract::Backend {
 public:
  using MakeStore = std::function<std::unique_ptr<Store>(const Server&)>;

  FakeBackend(const char* name, MakeStore make_store) : name_(name), make_store_(std::move(make_store)) {}

  const char* name() const override { return name_; }
  std::unique_ptr<Store> store() override {
    secrets_.clear();
    auto made = std::make_unique<StoreBesideServer>();
    made->server = std::make_unique<Server>(secrets_, std::uint16_t{0});
    made->store = make_store_(*made->server);
    server_ = &made->server;
    return made;
  }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    json::Value object = json::Value::object();
    for (const auto& [name, value] : fields) object[name] = value;
    secrets_[Server::name_of(path)].push_back(object.to_string());
  }
  void stop() override {
    port_ = (*server_)->port();
    server_->reset();
  }
  void start() override { *server_ = std::make_unique<Server>(secrets_, port_); }

 private:
  // The server ends with the store, on a fiber of the world of both.
  struct StoreBesideServer final : Store {
    std::string_view name() const noexcept override { return store->name(); }
    std::optional<Found> get(const Key& key) override { return store->get(key); }
    void check() override { store->check(); }
    std::unique_ptr<Server> server;
    std::unique_ptr<Store> store;
  };

  const char* name_;
  MakeStore make_store_;
  FakeSecrets secrets_;
  std::unique_ptr<Server>* server_ = nullptr;  // of the store that was made last
  std::uint16_t port_ = 0;
};

}  // namespace marty::secrets::internal
