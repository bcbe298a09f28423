// BodyPace: how slowly a body may arrive (CWE-400; "slow POST"). It may be behind its least rate by so much time; what
// arrives makes up for it. Only time in which its reader waits counts.
//
//   pace.begin(512, 30s);                    // 512 bytes a second on the whole, and never 30 s behind that
//   size = read(buffer, pace.left());
//   pace.waited(now - before);
//   pace.received(size);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "marty/runtime/time.hpp"

namespace marty::http::internal {

class BodyPace {
 public:
  // A rate of 0: any bytes will do.
  void begin(std::size_t bytes_per_second, runtime::Duration patience) noexcept {
    bytes_per_second_ = bytes_per_second;
    most_ = left_ = patience;
  }
  void waited(runtime::Duration time) noexcept { left_ -= std::min(left_, time); }
  void received(std::size_t bytes) noexcept {
    constexpr std::size_t kMostCounted = std::size_t{1} << 30;  // of one call: its nanoseconds fit into 64 bits
    const runtime::Duration gained = bytes_per_second_ == 0
                                         ? most_
                                         : runtime::Duration(std::chrono::seconds(1)) *
                                               static_cast<std::int64_t>(std::min(bytes, kMostCounted)) /
                                               static_cast<std::int64_t>(bytes_per_second_);
    left_ = most_ - left_ <= gained ? most_ : left_ + gained;
  }
  runtime::Duration left() const noexcept { return left_; }
  bool is_spent() const noexcept { return left_ <= runtime::Duration::zero(); }

 private:
  std::size_t bytes_per_second_ = 0;
  runtime::Duration most_{0};
  runtime::Duration left_{0};
};

}  // namespace marty::http::internal
