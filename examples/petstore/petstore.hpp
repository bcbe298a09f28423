// The petstore: pets and orders over REST and gRPC, on SQLite. Handlers are plain functions; the tests call them like
// that too.
#pragma once

#include "marty/data/repository.hpp"
#include "marty/service/service.hpp"
#include "model.hpp"

namespace petstore {

struct Pets : marty::Repository<Pet> {
  explicit Pets(marty::Session& session) : Repository(session, "pets") {}
};
struct Orders : marty::Repository<Order> {
  explicit Orders(marty::Session& session) : Repository(session, "orders") {}
};

// Provides what the handlers need and names the routes.
void build(marty::Service& service);

}  // namespace petstore
