// What the petstore deals in. A plain struct is model, validation, JSON, schema and table row at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/reflect/rules.hpp"

namespace petstore {

using PetId = marty::Id<struct Pet>;
using OrderId = marty::Id<struct Order>;

enum class Species { dog, cat, bird, fish };
enum class PetStatus { available, sold };
enum class OrderStatus { placed, cancelled };

struct NewPet {
  std::string name;
  Species species;
  int age_months = 0;
  marty::Decimal price;

  static constexpr auto rules =
      marty::rules(marty::field<&NewPet::name>.length(1, 80).example("Rex").description("What it answers to"),
                   marty::field<&NewPet::age_months>.range(0, 600),
                   marty::field<&NewPet::price>.example("199.00").description("In euros"));
};

struct Pet {
  PetId id;
  std::string name;
  Species species;
  int age_months = 0;
  marty::Decimal price;
  PetStatus status = PetStatus::available;
  marty::Timestamp created_at;
  std::int64_t version = 0;  // counts the changes; an update has to name the one it saw
};

struct PetUpdate {
  std::string name;
  int age_months;
  marty::Decimal price;
  std::int64_t version;

  static constexpr auto rules =
      marty::rules(marty::field<&PetUpdate::name>.length(1, 80), marty::field<&PetUpdate::age_months>.range(0, 600));
};

struct PetQuery {
  std::optional<Species> species;
  std::optional<PetStatus> status;
  std::optional<std::string> sort;
  int limit = 20;
  std::optional<std::string> cursor;

  static constexpr auto rules = marty::rules(
      marty::field<&PetQuery::limit>.range(1, 100),
      marty::field<&PetQuery::sort>
          .one_of("name", "-name", "age_months", "-age_months")
          .description("A minus sorts downwards"));
};

struct NewOrder {
  PetId pet_id;
  std::string customer;

  static constexpr auto rules = marty::rules(marty::field<&NewOrder::customer>.length(1, 120).example("Ada Lovelace"));
};

struct Order {
  OrderId id;
  PetId pet_id;
  std::string customer;
  marty::Decimal price;
  OrderStatus status = OrderStatus::placed;
  marty::Timestamp created_at;
  std::int64_t version = 0;
};

struct OrderQuery {
  std::optional<std::string> customer;
  int limit = 20;
  std::optional<std::string> cursor;

  static constexpr auto rules = marty::rules(marty::field<&OrderQuery::limit>.range(1, 100));
};

// The section `petstore` of the configuration.
struct Settings {
  bool seed = false;

  static constexpr auto rules =
      marty::rules(marty::field<&Settings::seed>.description("Fill an empty store with a few pets"));
};

}  // namespace petstore
