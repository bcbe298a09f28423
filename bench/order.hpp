// The order of the benchmarks: 497 bytes of JSON, three levels, the limits that every server of the comparison checks.
// bench/order.json holds the same text for the load generator and the servers that are not C++; plain types only, since
// the peers have no others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/reflect/rules.hpp"

namespace bench {

struct Customer {
  std::string name;
  std::string email;
  std::optional<std::string> phone;

  static constexpr auto rules =
      marty::rules(marty::field<&Customer::name>.length(1, 80), marty::field<&Customer::email>.length(3, 254),
                   marty::field<&Customer::phone>.max_length(40));
};

struct Item {
  std::string sku;
  std::string name;
  std::int32_t quantity;
  std::int64_t unit_price_cents;

  static constexpr auto rules = marty::rules(
      marty::field<&Item::sku>.length(1, 40), marty::field<&Item::name>.length(1, 80),
      marty::field<&Item::quantity>.range(1, 1000), marty::field<&Item::unit_price_cents>.range(0, 100'000'000));
};

struct Shipping {
  std::string street;
  std::string city;
  std::string postal_code;
  std::string country;

  static constexpr auto rules =
      marty::rules(marty::field<&Shipping::street>.length(1, 120), marty::field<&Shipping::city>.length(1, 80),
                   marty::field<&Shipping::postal_code>.length(1, 16), marty::field<&Shipping::country>.length(2, 2));
};

struct Order {
  std::string id;
  Customer customer;
  std::vector<Item> items;
  Shipping shipping;
  double discount;
  bool gift;
  std::optional<std::string> note;

  static constexpr auto rules =
      marty::rules(marty::field<&Order::id>.length(36, 36), marty::field<&Order::items>.items(1, 50),
                   marty::field<&Order::discount>.range(0, 1), marty::field<&Order::note>.max_length(500));
};

inline constexpr std::string_view kOrderText =
    R"({"id":"0190c5a8-7b1e-7c3a-9f42-3d5b8e6a1c07","customer":{"name":"Ada Lovelace","email":"ada@example.org",)"
    R"("phone":"+44 20 7946 0958"},"items":[{"sku":"DOG-FOOD-15KG","name":"Dog food, adult, 15 kg","quantity":2,)"
    R"("unit_price_cents":4599},{"sku":"CAT-TOY-RED","name":"Cat toy, red","quantity":10,"unit_price_cents":249}],)"
    R"("shipping":{"street":"12 St James's Square","city":"London","postal_code":"SW1Y 4LB","country":"GB"},)"
    R"("discount":0.125,"gift":true,"note":"Leave it with the neighbour at number 14"})";

}  // namespace bench
