// Calls every method of the orders service: grpc_orders_client HOST:PORT
#include <cstdio>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "orders/v1/orders.marty.hpp"

using namespace marty;
using namespace orders;
using namespace std::chrono_literals;

v1::PlaceOrderRequest two_cups(const std::string& customer) {
  v1::PlaceOrderRequest request;
  request.set_customer(customer);
  v1::Item& item = *request.add_items();
  item.set_product("cup");
  item.set_quantity(2);
  return request;
}

void call_everything(const std::string& target) {
  // [client]
  v1::Orders::Client client(target);

  const v1::Order order = client.place_order(two_cups("Ada"), {.timeout = 2s});
  std::printf("placed %s for %s\n", order.id().c_str(), order.customer().c_str());
  try {
    client.place_order(two_cups(""));
  } catch (const Error& error) {
    std::printf("refused: %s\n", error.message().c_str());
  }
  // [/client]

  v1::OrderRequest that_one;
  that_one.set_id(order.id());
  // [client-streams]
  for (const v1::Order& update : client.watch_order(that_one)) {
    std::printf("%s is %s\n", update.id().c_str(), v1::State_Name(update.state()).c_str());
    if (update.state() == v1::STATE_PLACED) client.ship_order(that_one);
  }

  auto import = client.import_orders();
  for (const char* customer : {"Grace", "Edsger", "Barbara"}) import.write(two_cups(customer));
  std::printf("imported %d orders\n", import.finish().orders());

  auto talk = client.price_items();
  for (const v1::Item& item : order.items()) talk.write(item);
  talk.finish_writing();
  for (const v1::Price& price : talk)
    std::printf("%s: %lld cents\n", price.product().c_str(), static_cast<long long>(price.cents()));
  // [/client-streams]
}

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: grpc_orders_client HOST:PORT\n"), 2;
  try {
    runtime::World::real({.loops = 1})->run([&] { call_everything(argv[1]); });
    return 0;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
