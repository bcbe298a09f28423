// The document of the JSON benchmarks and of the benchmark servers: an order of about 500 bytes, as a struct and as
// text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/reflect/rules.hpp"

namespace bench {

enum class Status : std::uint8_t { placed, paid, shipped };

struct Customer {
  std::string name;
  std::string email;
  std::int64_t number;

  static constexpr auto rules =
      marty::rules(marty::field<&Customer::name>.length(1, 80), marty::field<&Customer::email>.max_length(254));
};

struct Item {
  std::string sku;
  int quantity = 1;
  marty::Decimal price;

  static constexpr auto rules = marty::rules(marty::field<&Item::quantity>.range(1, 1000));
};

struct Order {
  marty::Id<Order> id;
  marty::Timestamp placed_at;
  Status status = Status::placed;
  Customer customer;
  std::vector<Item> items;
  marty::Decimal total;
  double weight_kg;
  bool gift = false;
  std::optional<std::string> note;

  static constexpr auto rules =
      marty::rules(marty::field<&Order::items>.items(1, 100), marty::field<&Order::weight_kg>.range(0, 1000));
};

inline constexpr std::string_view kOrderText =
    R"({"id":"018f4e6e-4a5b-7c1d-8e2f-0123456789ab","placed_at":"2026-01-31T09:30:00.250Z","status":"paid",)"
    R"("customer":{"name":"Augusta Ada King-Noel Lovelace","email":"augusta.ada@example.com","number":10482},)"
    R"("items":[{"sku":"DOG-FOOD-ADULT-15KG","quantity":2,"price":"54.90"},)"
    R"({"sku":"COLLAR-LEATHER-M","quantity":1,"price":"19.95"},)"
    R"({"sku":"TOY-ROPE-BRAIDED-XL","quantity":3,"price":"7.25"}],)"
    R"("total":"151.50","weight_kg":31.75,"gift":true,"note":"Please ring twice, the bell is quiet; the dog is not"})";

}  // namespace bench
