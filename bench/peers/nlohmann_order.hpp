// The order of the benchmark as users of nlohmann/json write it: macro-typed structs, and a function that checks the
// same limits as every other server of the comparison.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {

struct Customer {
  std::string name, email;
  std::optional<std::string> phone;
};

struct Item {
  std::string sku, name;
  std::int32_t quantity = 0;
  std::int64_t unit_price_cents = 0;
};

struct Shipping {
  std::string street, city, postal_code, country;
};

struct Order {
  std::string id;
  Customer customer;
  std::vector<Item> items;
  Shipping shipping;
  double discount = 0;
  bool gift = false;
  std::optional<std::string> note;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Item, sku, name, quantity, unit_price_cents)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Shipping, street, city, postal_code, country)

inline std::optional<std::string> optional_text(const nlohmann::json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || found->is_null()) return std::nullopt;
  return found->get<std::string>();
}

inline void from_json(const nlohmann::json& from, Customer& to) {
  from.at("name").get_to(to.name);
  from.at("email").get_to(to.email);
  to.phone = optional_text(from, "phone");
}

inline void to_json(nlohmann::json& to, const Customer& from) {
  to = {{"name", from.name}, {"email", from.email}};
  if (from.phone) to["phone"] = *from.phone;
}

inline void from_json(const nlohmann::json& from, Order& to) {
  from.at("id").get_to(to.id);
  from.at("customer").get_to(to.customer);
  from.at("items").get_to(to.items);
  from.at("shipping").get_to(to.shipping);
  from.at("discount").get_to(to.discount);
  from.at("gift").get_to(to.gift);
  to.note = optional_text(from, "note");
}

inline void to_json(nlohmann::json& to, const Order& from) {
  to = {{"id", from.id},
        {"customer", from.customer},
        {"items", from.items},
        {"shipping", from.shipping},
        {"discount", from.discount},
        {"gift", from.gift}};
  if (from.note) to["note"] = *from.note;
}

inline void check(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

inline void check_length(const std::string& text, std::size_t least, std::size_t most, const char* what) {
  check(text.size() >= least && text.size() <= most, what);
}

inline void validate(const Order& order) {
  check_length(order.id, 36, 36, "id");
  check_length(order.customer.name, 1, 80, "customer.name");
  check_length(order.customer.email, 3, 254, "customer.email");
  check_length(order.customer.phone.value_or(""), 0, 40, "customer.phone");
  check(!order.items.empty() && order.items.size() <= 50, "items");
  for (const Item& item : order.items) {
    check_length(item.sku, 1, 40, "sku");
    check_length(item.name, 1, 80, "name");
    check(item.quantity >= 1 && item.quantity <= 1000, "quantity");
    check(item.unit_price_cents >= 0 && item.unit_price_cents <= 100'000'000, "unit_price_cents");
  }
  check_length(order.shipping.street, 1, 120, "shipping.street");
  check_length(order.shipping.city, 1, 80, "shipping.city");
  check_length(order.shipping.postal_code, 1, 16, "shipping.postal_code");
  check_length(order.shipping.country, 2, 2, "shipping.country");
  check(order.discount >= 0 && order.discount <= 1, "discount");
  check_length(order.note.value_or(""), 0, 500, "note");
}

// Text in, checked, text out. Throws std::exception on what is no valid order.
inline std::string echo(const std::string& text) {
  const auto order = nlohmann::json::parse(text).get<Order>();
  validate(order);
  return nlohmann::json(order).dump();
}

}  // namespace peer
