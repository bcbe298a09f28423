// The petstore, tested as its author would: without sockets, in simulated time, each test on a database of its own.
#include "petstore.hpp"

#include <gtest/gtest.h>

#include "marty/testing/service_fixture.hpp"

namespace petstore {
namespace {

using marty::testing::Client;

void with_petstore(const std::function<void(Client&)>& test) {
  marty::testing::ServiceFixture petstore(
      build, {.variables = {{"MARTY_DATABASE__SQLITE__PATH", ":memory:"}}, .directory = PETSTORE_DIRECTORY});
  petstore.run(test);
}

Pet add(Client& client, const NewPet& pet) { return client.post("/api/v1/pets", pet).json<Pet>(); }

const NewPet kRex{.name = "Rex", .species = Species::dog, .age_months = 26, .price = marty::Decimal("349.00")};

std::string path_of(const Pet& pet) { return "/api/v1/pets/" + pet.id.to_string(); }

TEST(Pets, are_added_and_found_again) {
  with_petstore([](Client& client) {
    const auto response = client.post("/api/v1/pets", kRex);
    EXPECT_EQ(response.status, 201);
    const Pet rex = response.json<Pet>();
    EXPECT_EQ(response.header("location"), path_of(rex));
    EXPECT_EQ(rex.version, 1);
    EXPECT_EQ(client.get(path_of(rex)).json<Pet>().name, "Rex");
  });
}

TEST(Pets, every_invalid_field_is_named) {
  with_petstore([](Client& client) {
    const auto response = client.post(
        "/api/v1/pets", NewPet{.name = "", .species = Species::cat, .age_months = 601, .price = marty::Decimal("1")});
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.header("content-type"), "application/problem+json");
    EXPECT_NE(response.body.find("/name"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("/age_months"), std::string::npos) << response.body;
  });
}

TEST(Pets, an_unknown_one_is_not_found) {
  with_petstore([](Client& client) {
    EXPECT_EQ(client.get("/api/v1/pets/01890a5d-ac96-774b-bcce-b302099a8057").status, 404);
    EXPECT_EQ(client.get("/api/v1/pets/rex").status, 400);
  });
}

TEST(Pets, are_listed_by_species_page_by_page) {
  with_petstore([](Client& client) {
    for (int i = 0; i < 5; ++i) {
      add(client, {.name = "cat " + std::to_string(i), .species = Species::cat, .price = marty::Decimal("10")});
      add(client, {.name = "dog " + std::to_string(i), .species = Species::dog, .price = marty::Decimal("20")});
    }
    const auto first = client.get("/api/v1/pets?species=cat&sort=-name&limit=3").json<marty::Page<Pet>>();
    ASSERT_EQ(first.items.size(), 3u);
    EXPECT_EQ(first.items[0].name, "cat 4");
    ASSERT_TRUE(first.next_cursor);
    const auto second =
        client.get("/api/v1/pets?species=cat&sort=-name&limit=3&cursor=" + *first.next_cursor).json<marty::Page<Pet>>();
    ASSERT_EQ(second.items.size(), 2u);
    EXPECT_EQ(second.items[1].name, "cat 0");
    EXPECT_FALSE(second.next_cursor);
    EXPECT_EQ(client.get("/api/v1/pets?limit=1000").status, 400);
    EXPECT_EQ(client.get("/api/v1/pets?species=dragon").status, 400);
  });
}

TEST(Pets, an_update_has_to_name_the_version_it_saw) {
  with_petstore([](Client& client) {
    const Pet rex = add(client, kRex);
    const PetUpdate older{.name = "Rex II", .age_months = 27, .price = rex.price, .version = rex.version};
    EXPECT_EQ(client.put(path_of(rex), older).json<Pet>().version, 2);
    EXPECT_EQ(client.put(path_of(rex), older).status, 409);
  });
}

TEST(Orders, sell_a_pet_once) {
  with_petstore([](Client& client) {
    const Pet rex = add(client, kRex);
    const auto placed = client.post("/api/v1/orders", NewOrder{.pet_id = rex.id, .customer = "Ada"});
    EXPECT_EQ(placed.status, 201);
    EXPECT_EQ(client.get(path_of(rex)).json<Pet>().status, PetStatus::sold);
    EXPECT_EQ(client.post("/api/v1/orders", NewOrder{.pet_id = rex.id, .customer = "Bob"}).status, 409);
    EXPECT_EQ(client.get("/api/v1/orders?customer=Bob").json<marty::Page<Order>>().items.size(), 0u);
  });
}

TEST(Orders, a_cancelled_one_frees_the_pet) {
  with_petstore([](Client& client) {
    const Pet rex = add(client, kRex);
    const Order order = client.post("/api/v1/orders", NewOrder{.pet_id = rex.id, .customer = "Ada"}).json<Order>();
    EXPECT_EQ(client.send(marty::http::Method::post, "/api/v1/orders/" + order.id.to_string() + "/cancel").status, 200);
    EXPECT_EQ(client.get(path_of(rex)).json<Pet>().status, PetStatus::available);
    EXPECT_EQ(client.post("/api/v1/orders", NewOrder{.pet_id = rex.id, .customer = "Bob"}).status, 201);
  });
}

TEST(Orders, keep_their_pet) {
  with_petstore([](Client& client) {
    const Pet rex = add(client, kRex);
    client.post("/api/v1/orders", NewOrder{.pet_id = rex.id, .customer = "Ada"});
    EXPECT_EQ(client.del(path_of(rex)).status, 409);
  });
}

}  // namespace
}  // namespace petstore
