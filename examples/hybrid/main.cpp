// One process, one port, three ways in: REST for partners, gRPC for services, and the Connect protocol for the browser
// page in public/. The same functions behind all of them.
#include <map>
#include <mutex>

#include "marty/runtime/sync.hpp"
#include "marty/service/service.hpp"
#include "marty/web/file_reply.hpp"
#include "stock/v1/stock.marty.hpp"

using namespace marty;
namespace v1 = stock::v1;

struct Item {
  std::string sku;
  int quantity = 0;
};
struct Quantity {
  int quantity;

  static constexpr auto rules = marty::rules(field<&Quantity::quantity>.range(0, 1'000'000));
};

class Shelves {
 public:
  std::optional<Item> find(const std::string& sku) {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(sku);
    return found != items_.end() ? std::optional(found->second) : std::nullopt;
  }
  Item set(const Item& item) {
    const std::lock_guard lock(mutex_);
    items_[item.sku] = item;
    changed_.notify_all();
    return item;
  }
  // Once there is another number of them than `seen`.
  Item wait_for_change(const std::string& sku, int seen) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_[sku].quantity != seen; });
    return items_[sku];
  }

 private:
  runtime::Mutex mutex_;
  runtime::ConditionVariable changed_;
  std::map<std::string, Item> items_;
};

// [both]
// By REST, gRPC and Connect.
std::optional<Item> get_item(Path<std::string> sku, Shelves& shelves) { return shelves.find(*sku); }
Item set_quantity(Path<std::string> sku, Body<Quantity> body, Shelves& shelves) {
  return shelves.set({.sku = *sku, .quantity = body->quantity});
}
// [/both]

// By gRPC and Connect: a stream deals in messages.
void watch_item(const v1::GetItemRequest& request, grpc::Writer<v1::Item>& updates, Shelves& shelves) {
  std::optional<Item> item = shelves.find(request.sku());
  if (!item) throw Error(Code::not_found, "there is no " + request.sku());
  for (;; item = shelves.wait_for_change(item->sku, item->quantity)) {
    v1::Item update;
    update.set_sku(item->sku);
    update.set_quantity(item->quantity);
    updates.write(update);
  }
}

int main(int argc, char** argv) {
  Service service("stock", argc, argv);
  service.provide([] { return std::make_unique<Shelves>(); });
  service.on_start("some stock", [](Shelves& shelves) { shelves.set({.sku = "cup", .quantity = 12}); });

  // [routes]
  service.get("/api/v1/items/{sku}", get_item, "Get one item").tag("items");
  service.put("/api/v1/items/{sku}", set_quantity, "Say how many there are").tag("items");
  service.grpc(v1::Stock{.get_item = get_item, .set_quantity = set_quantity, .watch_item = watch_item}).tag("items");
  // [/routes]
  web::serve_files(service.app(), "/", "public");
  return service.run();
}
