// ToldLength: holds a body that is written piece by piece to the length it had told, where it has told one. A body of
// another length would take the peer out of step: what is too long is not sent, what is too short is an error in the
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "marty/base/error.hpp"

namespace marty::http::internal {

class ToldLength {
 public:
  explicit ToldLength(std::optional<std::uint64_t> length) noexcept : told_(length), left_(length.value_or(0)) {}

  const std::optional<std::uint64_t>& told() const noexcept { return told_; }

  // Before the next bytes are sent. Throws internal where they are more than are left.
  void take(std::size_t bytes) {
    if (!told_) return;
    if (bytes > left_) throw Error(Code::internal, "a body stream is longer than the length it had told");
    left_ -= bytes;
  }
  // After the last ones. Throws internal where some are missing.
  void finish() const {
    if (left_ != 0) throw Error(Code::internal, "a body stream is shorter than the length it had told");
  }

 private:
  std::optional<std::uint64_t> told_;
  std::uint64_t left_;
};

}  // namespace marty::http::internal
