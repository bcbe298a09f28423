// RequestPlace: a request's place among those in flight. A request that waits for its body leaves it to others, so that
// clients that send slowly cannot take all places; how many may wait like that is limited, too, and when they are too
// many, the one that has waited the longest gives way. Streams of messages keep their place.
//
//   RequestPlace::Hold hold(place);                  // around the handler
//   if (!hold) refuse();
//   ...
//   const RequestPlace::Read read(place);            // around a read
//   const RequestPlace::Wait wait(place);            // around each of its waits
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

class LoopServer;
class RequestPlace;

// The requests of a loop that wait for their bodies. Owns nothing.
class WaitingBodies {
 public:
  explicit WaitingBodies(std::size_t most) : most_(std::max<std::size_t>(1, most)) {}

  // One more request that has to wait; false where there are too many and none has waited for long.
  bool admit(runtime::TimePoint now) noexcept;
  void forget() noexcept { --requests_; }  // it is answered
  void push_back(RequestPlace& place) noexcept;
  void remove(RequestPlace& place) noexcept;

 private:
  const std::size_t most_;
  std::size_t requests_ = 0;
  RequestPlace* first_ = nullptr;  // waits now, and has done so for the longest time
  RequestPlace* last_ = nullptr;
};

class RequestPlace {
 public:
  explicit RequestPlace(LoopServer& server) : server_(server) {}
  RequestPlace(const RequestPlace&) = delete;
  RequestPlace& operator=(const RequestPlace&) = delete;

  class Hold {
   public:
    explicit Hold(RequestPlace& place) noexcept : place_(place) { place.take(); }
    ~Hold() { place_.leave(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    explicit operator bool() const noexcept { return place_.state_ == State::held; }

   private:
    RequestPlace& place_;
  };
  class Wait {
   public:
    explicit Wait(RequestPlace& place) : place_(place) { place.begin_wait(); }  // throws unavailable: too many wait
    ~Wait() { place_.end_wait(); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    RequestPlace& place_;
  };
  class Read {
   public:
    explicit Read(RequestPlace& place) noexcept : place_(place) {}
    ~Read() { place_.come_back(); }
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;

   private:
    RequestPlace& place_;
  };
  // A whole body is there. Throws unavailable where others have taken all places meanwhile.
  void require();

 private:
  friend class WaitingBodies;
  enum class State : std::uint8_t { none, held, lent };

  void take() noexcept;
  void leave() noexcept;
  void begin_wait();
  void end_wait() noexcept;
  void come_back() noexcept;

  LoopServer& server_;
  RequestPlace* previous_ = nullptr;  // among those that wait
  RequestPlace* next_ = nullptr;
  runtime::Fiber* fiber_ = nullptr;  // that waits
  runtime::TimePoint waits_since_{};
  State state_ = State::none;
  bool waits_ = false;    // is in the list
  bool counted_ = false;  // has had to wait
};

}  // namespace marty::http::internal
