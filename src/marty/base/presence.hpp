// Presence: counts who is in the middle of something, so that what they use is kept until they are out again.
//
//   const Presence presence(endpoint.users);   // one more until the scope ends, however it ends
//   wait_for(endpoint);                        // meanwhile whoever forgets endpoints without users keeps this one
#pragma once

#include <cstddef>

namespace marty {

// REQUIRES: `count` outlives it, and is used by one thread.
class Presence {
 public:
  explicit Presence(std::size_t& count) noexcept : count_(count) { ++count_; }
  ~Presence() { --count_; }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace marty
