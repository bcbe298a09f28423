// PerLoop: one object on each loop, made when that loop first asks for it: what lets an object that belongs to one loop
// – a client with its connections, a cache – be shared by the fibers of all of them.
//
//   PerLoop<http::Client> clients([] { return std::make_unique<http::Client>(); });
//   clients.get().get("http://shop/");        // on any fiber
//
// get() takes no lock. The objects are destroyed on their own loops: REQUIRES that a PerLoop which has made any is
// destroyed on a fiber of the same world.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace marty::runtime {

namespace internal {

// The part that knows no type.
class PerLoopSlots {
 public:
  PerLoopSlots();
  ~PerLoopSlots();  // REQUIRES clear()
  PerLoopSlots(const PerLoopSlots&) = delete;
  PerLoopSlots& operator=(const PerLoopSlots&) = delete;

  void*& of_this_loop();
  void clear(const std::function<void(void*)>& destroy);  // each on its loop

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace internal

template <class T>
class PerLoop {
 public:
  explicit PerLoop(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
  ~PerLoop() {
    slots_.clear([](void* object) { delete static_cast<T*>(object); });
  }

  T& get() {
    void*& slot = slots_.of_this_loop();
    if (slot == nullptr) slot = make_().release();
    return *static_cast<T*>(slot);
  }

 private:
  const std::function<std::unique_ptr<T>()> make_;
  internal::PerLoopSlots slots_;
};

}  // namespace marty::runtime
