// Orders by gRPC: one method of each kind, as plain functions over messages.
#include "book.hpp"
#include "marty/service/service.hpp"
#include "orders/v1/orders.marty.hpp"

using namespace marty;
using namespace orders;

// [unary]
v1::Order place_order(const v1::PlaceOrderRequest& request, Book& book) {
  if (request.customer().empty()) throw Error::invalid({{"/customer", "is required"}});
  if (request.items().empty()) throw Error::invalid({{"/items", "has at least one item"}});
  return book.add(request);
}

std::optional<v1::Order> get_order(const v1::OrderRequest& request, Book& book) { return book.find(request.id()); }
// [/unary]

std::optional<v1::Order> ship_order(const v1::OrderRequest& request, Book& book) { return book.ship(request.id()); }

// [server-streaming]
// Ends early where the caller goes or its deadline passes: the wait throws then.
void watch_order(const v1::OrderRequest& request, grpc::Writer<v1::Order>& updates, Book& book) {
  std::optional<v1::Order> order = book.find(request.id());
  if (!order) throw Error(Code::not_found, "there is no order " + request.id());
  updates.write(*order);
  while (order->state() != v1::STATE_SHIPPED) {
    order = book.wait_for_change(*order);
    updates.write(*order);
  }
}
// [/server-streaming]

// [client-streaming]
v1::ImportSummary import_orders(grpc::Reader<v1::PlaceOrderRequest>& requests, Book& book) {
  v1::ImportSummary summary;
  for (const v1::PlaceOrderRequest& request : requests) {
    summary.set_items(summary.items() + place_order(request, book).items_size());
    summary.set_orders(summary.orders() + 1);
  }
  return summary;
}
// [/client-streaming]

// [bidi]
void price_items(grpc::Reader<v1::Item>& items, grpc::Writer<v1::Price>& prices) {
  for (const v1::Item& item : items) {
    v1::Price price;
    price.set_product(item.product());
    price.set_cents(250 * item.quantity());
    prices.write(price);
  }
}
// [/bidi]

// [main]
int main(int argc, char** argv) {
  Service service("orders", argc, argv);
  service.provide([] { return std::make_unique<Book>(); });
  service.grpc(v1::Orders{.place_order = place_order,
                          .get_order = get_order,
                          .ship_order = ship_order,
                          .watch_order = watch_order,
                          .import_orders = import_orders,
                          .price_items = price_items});
  return service.run();
}
// [/main]
