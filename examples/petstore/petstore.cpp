#include "petstore.hpp"

#include "petstore/v1/petstore.marty.hpp"
#include "sqlite/sqlite.hpp"

namespace petstore {
namespace {

using namespace marty;  // the words of the framework: Body, Path, Query, Created, Page, Transaction ...

Page<Pet> list_pets(Query<PetQuery> query, Pets& pets) {
  return pets.list({.where = {where<&Pet::species> == query->species, where<&Pet::status> == query->status},
                    .sort = SortKey<Pet>::parse(query->sort.value_or("")),
                    .limit = query->limit,
                    .cursor = query->cursor});
}

std::optional<Pet> get_pet(Path<PetId> id, Pets& pets) { return pets.get(id); }

Created<Pet> add_pet(Body<NewPet> pet, Pets& pets) {
  const Pet added = pets.insert({.name = pet->name,
                                 .species = pet->species,
                                 .age_months = pet->age_months,
                                 .price = pet->price,
                                 .created_at = now()});
  return {added, "/api/v1/pets/" + added.id.to_string()};
}

Pet update_pet(Path<PetId> id, Body<PetUpdate> update, Pets& pets) {
  Pet pet = pets.require(id);
  pet.name = update->name;
  pet.age_months = update->age_months;
  pet.price = update->price;
  pet.version = update->version;  // somebody else's change in between: 409
  return pets.update(pet);
}

void remove_pet(Path<PetId> id, Pets& pets) { pets.erase(id); }

// The order and the pet change together or not at all: the transaction commits when the handler returns.
Created<Order> place_order(Body<NewOrder> request, Transaction& transaction) {
  Pets pets(transaction);
  Pet pet = pets.require(request->pet_id);
  if (pet.status == PetStatus::sold) throw Error(Code::failed_precondition, pet.name + " is sold already");
  pet.status = PetStatus::sold;
  pets.update(pet);
  const Order order =
      Orders(transaction)
          .insert({.pet_id = pet.id, .customer = request->customer, .price = pet.price, .created_at = now()});
  return {order, "/api/v1/orders/" + order.id.to_string()};
}

Page<Order> list_orders(Query<OrderQuery> query, Orders& orders) {
  return orders.list(
      {.where = {where<&Order::customer> == query->customer}, .limit = query->limit, .cursor = query->cursor});
}

std::optional<Order> get_order(Path<OrderId> id, Orders& orders) { return orders.get(id); }

Order cancel_order(Path<OrderId> id, Transaction& transaction) {
  Orders orders(transaction);
  Pets pets(transaction);
  Order order = orders.require(id);
  if (order.status == OrderStatus::cancelled) return order;
  order.status = OrderStatus::cancelled;
  Pet pet = pets.require(order.pet_id);
  pet.status = PetStatus::available;
  pets.update(pet);
  return orders.update(order);
}

void seed(const Settings& settings, Pets& pets) {
  if (!settings.seed || pets.count() > 0) return;
  for (Pet pet : {Pet{.name = "Rex", .species = Species::dog, .age_months = 26, .price = Decimal("349.00")},
                  Pet{.name = "Mia", .species = Species::cat, .age_months = 8, .price = Decimal("120.50")},
                  Pet{.name = "Coco", .species = Species::bird, .age_months = 14, .price = Decimal("60.00")},
                  Pet{.name = "Nemo", .species = Species::fish, .age_months = 3, .price = Decimal("9.90")}}) {
    pet.created_at = now();
    pets.insert(pet);
  }
}

}  // namespace

void build(Service& service) {
  service.describe({.version = "1.0.0",
                    .description = "Pets and orders: the example service of Marty",
                    .license = {.name = "Apache 2.0", .url = "https://www.apache.org/licenses/LICENSE-2.0"},
                    .tags = {{"pets", "What is for sale"}, {"orders", "What was bought"}}});
  service.database("sqlite", sqlite::driver);
  service.configure<Settings>("petstore");
  service.provide([](Database& database) { return Pets(database); });
  service.provide([](Database& database) { return Orders(database); });
  service.on_start("seed data", seed);

  service.get("/api/v1/pets", list_pets, "List pets").tag("pets");
  service.post("/api/v1/pets", add_pet, "Add a pet").tag("pets");
  service.get("/api/v1/pets/{id}", get_pet, "Get one pet").tag("pets");
  service.put("/api/v1/pets/{id}", update_pet, "Change a pet").tag("pets").response(409, "It was changed in between");
  service.del("/api/v1/pets/{id}", remove_pet, "Remove a pet").tag("pets").response(409, "It has orders");
  service.get("/api/v1/orders", list_orders, "List orders").tag("orders");
  service.post("/api/v1/orders", place_order, "Buy a pet").tag("orders").response(409, "It is sold already");
  service.get("/api/v1/orders/{id}", get_order, "Get one order").tag("orders");
  service.post("/api/v1/orders/{id}/cancel", cancel_order, "Cancel an order").tag("orders").status(200);

  // The same functions once more, for proto/petstore/v1/petstore.proto.
  service
      .grpc(v1::Pets{.list_pets = list_pets,
                     .add_pet = add_pet,
                     .get_pet = get_pet,
                     .update_pet = update_pet,
                     .remove_pet = remove_pet})
      .tag("pets");
  service
      .grpc(v1::Orders{
          .list_orders = list_orders, .place_order = place_order, .get_order = get_order, .cancel_order = cancel_order})
      .tag("orders");
}

}  // namespace petstore
