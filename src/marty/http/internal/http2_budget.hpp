// Http2Budget: what a peer may ask for without giving work in return. Frames such as PING, SETTINGS, RST_STREAM and
// empty DATA cost next to nothing to send and something to handle (CVE-2019-9511 to 9518, CVE-2023-44487); whoever
// sends thousands of them for nothing is no client.
#pragma once

#include <algorithm>

#include "marty/runtime/time.hpp"

namespace marty::http::internal {

// A token bucket. Starts full; it refills with time, and with each frame of ours that carries a reply: pings beside
// lively streams are ordinary.
class Http2Budget {
 public:
  static constexpr int kCapacity = 2000;
  static constexpr int kPerSecond = 100;
  static constexpr int kPerReply = 4;

  // False once it is spent.
  bool spend(int tokens, runtime::TimePoint now) noexcept {
    if (left_ < tokens) refill(now);
    left_ -= tokens;
    return left_ >= 0;
  }
  void earn() noexcept { left_ = std::min(kCapacity, left_ + kPerReply); }

 private:
  void refill(runtime::TimePoint now) noexcept {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_).count();
    const auto gained = std::min<std::int64_t>(kCapacity, since * kPerSecond / 1000);
    if (gained <= 0) return;
    left_ = std::min(kCapacity, left_ + static_cast<int>(gained));
    refilled_ = now;
  }
  int left_ = kCapacity;
  runtime::TimePoint refilled_ = runtime::coarse_now();
};

}  // namespace marty::http::internal
