// The orders of this process, and who waits for news of them. Shared by the fibers of all loops.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "marty/runtime/sync.hpp"
#include "orders/v1/orders.pb.h"

namespace orders {

class Book {
 public:
  v1::Order add(const v1::PlaceOrderRequest& request) {
    const std::lock_guard lock(mutex_);
    v1::Order order;
    order.set_id("order-" + std::to_string(orders_.size() + 1));
    order.set_customer(request.customer());
    *order.mutable_items() = request.items();
    order.set_state(v1::STATE_PLACED);
    return orders_[order.id()] = order;
  }

  std::optional<v1::Order> find(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return look(id);
  }

  std::optional<v1::Order> ship(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (!look(id)) return std::nullopt;
    orders_[id].set_state(v1::STATE_SHIPPED);
    changed_.notify_all();
    return orders_[id];
  }

  // Once its state is another one.
  v1::Order wait_for_change(const v1::Order& seen) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return orders_[seen.id()].state() != seen.state(); });
    return orders_[seen.id()];
  }

 private:
  std::optional<v1::Order> look(const std::string& id) const {
    const auto found = orders_.find(id);
    return found != orders_.end() ? std::optional(found->second) : std::nullopt;
  }

  marty::runtime::Mutex mutex_;
  marty::runtime::ConditionVariable changed_;
  std::map<std::string, v1::Order> orders_;
};

}  // namespace orders
