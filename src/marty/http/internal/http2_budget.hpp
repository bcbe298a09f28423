// Http2Budget: what a peer may ask for without giving work in return. Frames such as PING, SETTINGS, RST_STREAM and
// empty DATA cost next to nothing to send and something to handle (CVE-2019-9511 to 9518, CVE-2023-44487). Whoever goes
// beyond it is read from more slowly: a gateway whose requests all run into their timeouts is no attacker. Whoever goes
// on at ten times the rate is no client.
//
//   budget.refill(now);                                    // once for what has arrived
//   if (!budget.spend(tokens)) end_connection();
//   if (budget.is_overdrawn()) read_later();
#pragma once

#include <algorithm>
#include <cstdint>

#include "marty/runtime/time.hpp"

namespace marty::http::internal {

// Two token buckets beside each other. They start full, and refill with time and with each frame of ours that carries a
// reply: pings beside lively streams are ordinary.
class Http2Budget {
 public:
  static constexpr int kCapacity = 2000;
  static constexpr int kPerSecond = 100;
  static constexpr int kMostPerSecond = 10 * kPerSecond;
  static constexpr int kPerReply = 4;

  explicit Http2Budget(runtime::TimePoint now) noexcept : refilled_(now) {}

  void refill(runtime::TimePoint now) noexcept {
    // Whole tokens of the slower one; what is left of the time counts the next time.
    constexpr runtime::Duration kToken = std::chrono::nanoseconds(std::chrono::seconds(1)) / kPerSecond;
    const std::int64_t tokens = (now - refilled_) / kToken;
    if (tokens <= 0) return;
    refilled_ += tokens * kToken;
    const int gained = static_cast<int>(std::min<std::int64_t>(kCapacity, tokens));
    calm_ = std::min(kCapacity, calm_ + gained);
    most_ = std::min(kCapacity, most_ + gained * (kMostPerSecond / kPerSecond));
  }
  // False once even ten times the rate is exceeded.
  bool spend(int tokens) noexcept {
    calm_ = std::max(0, calm_ - tokens);  // no debts: a pause is short
    most_ -= tokens;
    return most_ >= 0;
  }
  bool is_overdrawn() const noexcept { return calm_ == 0; }
  void earn() noexcept {
    calm_ = std::min(kCapacity, calm_ + kPerReply);
    most_ = std::min(kCapacity, most_ + kPerReply);
  }

 private:
  int calm_ = kCapacity;
  int most_ = kCapacity;
  runtime::TimePoint refilled_;
};

}  // namespace marty::http::internal
