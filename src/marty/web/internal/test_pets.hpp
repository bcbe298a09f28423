// For the tests of web: a small service to call.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web::internal {

struct Pet {
  int id = 0;
  std::string name;
};
struct NewPet {
  std::string name;
  int age_months = 0;
  static constexpr auto rules =
      marty::rules(marty::field<&NewPet::name>.length(1, 8), marty::field<&NewPet::age_months>.range(0, 600));
};
struct Pets {
  std::map<int, Pet> all;
  Pet add(const std::string& name) {
    const int id = int(all.size()) + 1;
    return all[id] = Pet{id, name};
  }
};
struct ListPets {
  std::optional<std::string> species;
  int limit = 20;
  std::vector<std::string> tag;
  static constexpr auto rules = marty::rules(marty::field<&ListPets::limit>.range(1, 100));
};
struct Place {
  std::string city;
  int street = 0;
};

inline Pet add_pet(Body<NewPet> pet, Pets& pets, const Caller&) { return pets.add(pet->name); }
inline std::optional<Pet> get_pet(Path<int> id, const Pets& pets) {
  const auto found = pets.all.find(id);
  return found == pets.all.end() ? std::nullopt : std::optional(found->second);
}
inline Created<Pet> create_pet(NewPet pet, Pets& pets) {
  Pet added = pets.add(pet.name);
  return {added, "/pets/" + std::to_string(added.id)};
}
inline std::vector<std::string> list_pets(Query<ListPets> query) {
  std::vector<std::string> echo = query->tag;
  echo.push_back(query->species.value_or("any"));
  echo.push_back(std::to_string(query->limit));
  return echo;
}
inline void remove_pet(Path<int> id, Pets& pets) { pets.all.erase(id); }

class PetsTest : public ::testing::Test {
 protected:
  PetsTest() { app.dependencies().use(pets); }
  Pets pets;
  App app;
};

}  // namespace marty::web::internal
