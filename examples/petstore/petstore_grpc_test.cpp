// The petstore by gRPC: the same operations on the same data as by REST.
#include "marty/grpc/channel.hpp"
#include "marty/http/client.hpp"
#include "marty/json/json.hpp"
#include "petstore/v1/petstore.marty.hpp"
#include "petstore_test_support.hpp"

namespace petstore {
namespace {

using marty::Code;
using marty::Error;

v1::NewPet new_pet(std::string name, v1::Species species, std::string price) {
  v1::NewPet pet;
  pet.set_name(std::move(name));
  pet.set_species(species);
  pet.set_price(std::move(price));
  return pet;
}

v1::GetPetRequest pet_request(std::string id) {
  v1::GetPetRequest request;
  request.set_id(std::move(id));
  return request;
}

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::ok, "nothing was thrown");
}

TEST(PetstoreByGrpc, sees_what_rest_sees) {
  const TemporaryFolder folder;
  with_service(folder.file("petstore.db"), {}, [](marty::Service& service) {
    marty::grpc::Channel channel(service.grpc_address().to_string());
    v1::Pets::Client pets(channel);
    const std::string url = "http://" + service.address().to_string();
    marty::http::Client rest;

    const v1::Pet tom = pets.add_pet(new_pet("Tom", v1::SPECIES_CAT, "12.50"));
    const Pet same = marty::json::parse<Pet>(rest.get(url + "/api/v1/pets/" + tom.id()).body);
    EXPECT_EQ(same.name, "Tom");
    EXPECT_EQ(same.species, Species::cat);
    EXPECT_EQ(same.price, marty::Decimal("12.50"));

    v1::UpdatePetRequest update;
    update.set_id(tom.id());
    update.set_name("Thomas");
    update.set_price("11.00");
    update.set_version(tom.version());
    EXPECT_EQ(pets.update_pet(update).version(), tom.version() + 1);
    EXPECT_EQ(error_of([&] { pets.update_pet(update); }).code(), Code::aborted);  // somebody else's change in between

    v1::ListPetsRequest query;
    query.set_species(v1::SPECIES_CAT);
    EXPECT_EQ(pets.list_pets(query).items().at(0).name(), "Thomas");
    query.set_species(v1::SPECIES_DOG);
    EXPECT_EQ(pets.list_pets(query).items_size(), 0);

    pets.remove_pet(pet_request(tom.id()));
    EXPECT_EQ(rest.get(url + "/api/v1/pets/" + tom.id()).status, 404);
    EXPECT_EQ(error_of([&] { pets.get_pet(pet_request(tom.id())); }).code(), Code::not_found);
  });
}

TEST(PetstoreByGrpc, says_what_is_wrong_with_a_request) {
  const TemporaryFolder folder;
  with_service(folder.file("petstore.db"), {}, [](marty::Service& service) {
    marty::grpc::Channel channel(service.grpc_address().to_string());
    v1::Pets::Client pets(channel);
    const Error error = error_of([&] { pets.add_pet(new_pet("", v1::SPECIES_UNSPECIFIED, "cheap")); });
    EXPECT_EQ(error.code(), Code::invalid_argument);
    ASSERT_EQ(error.fields().size(), 3u) << error.message();
    EXPECT_EQ(error.fields()[1].pointer, "/species");
    EXPECT_EQ(error.fields()[1].message, "must be one of SPECIES_DOG, SPECIES_CAT, SPECIES_BIRD, SPECIES_FISH");
  });
}

TEST(PetstoreByGrpc, sells_a_pet_once) {
  const TemporaryFolder folder;
  with_service(folder.file("petstore.db"), {}, [](marty::Service& service) {
    marty::grpc::Channel channel(service.grpc_address().to_string());
    const v1::Pet rex = v1::Pets::Client(channel).add_pet(new_pet("Rex", v1::SPECIES_DOG, "349"));
    v1::Orders::Client orders(channel);
    v1::NewOrder request;
    request.set_pet_id(rex.id());
    request.set_customer("Ada");
    const v1::Order order = orders.place_order(request);
    EXPECT_EQ(order.price(), "349");
    EXPECT_EQ(error_of([&] { orders.place_order(request); }).code(), Code::failed_precondition);

    v1::GetOrderRequest this_order;
    this_order.set_id(order.id());
    EXPECT_EQ(orders.cancel_order(this_order).status(), v1::ORDER_STATUS_CANCELLED);
    EXPECT_EQ(orders.place_order(request).status(), v1::ORDER_STATUS_PLACED);  // it is for sale again
  });
}

TEST(PetstoreByGrpc, has_a_port_of_its_own_where_one_is_set) {
  const TemporaryFolder folder;
  with_service(folder.file("petstore.db"), {{"MARTY_SERVER__GRPC_PORT", "0"}}, [](marty::Service& service) {
    EXPECT_NE(service.address().to_string(), service.grpc_address().to_string());
    marty::grpc::Channel right(service.grpc_address().to_string());
    EXPECT_EQ(v1::Pets::Client(right).list_pets({}).items_size(), 0);
    marty::grpc::Channel wrong(service.address().to_string());
    const Error misdirected = error_of([&] { v1::Pets::Client(wrong).list_pets({}); });
    EXPECT_EQ(misdirected.code(), Code::unknown) << misdirected.message();  // gRPC knows no status for HTTP's 421
    EXPECT_NE(misdirected.message().find("421"), std::string::npos) << misdirected.message();
    EXPECT_EQ(marty::http::Client().get("http://" + service.address().to_string() + "/api/v1/pets").status, 200);
  });
}

}  // namespace
}  // namespace petstore
