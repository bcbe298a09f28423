// Http2ResetStreams: the streams that this side has reset of late. What the peer had sent before it learnt of that is
// ignored; a frame on any other closed stream is an error of the connection (RFC 9113 section 5.1).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace marty::http::internal {

class Http2ResetStreams {
 public:
  void add(std::int32_t id) noexcept {
    std::int32_t& slot = ids_[next_++ % ids_.size()];
    forgotten_ = std::max(forgotten_, slot);
    slot = id;
  }
  // True as well where that is not known any more.
  bool may_contain(std::int32_t id) const noexcept {
    return id <= forgotten_ || std::find(ids_.begin(), ids_.end(), id) != ids_.end();
  }

 private:
  std::array<std::int32_t, 32> ids_{};
  std::size_t next_ = 0;
  std::int32_t forgotten_ = 0;  // no id above it has been forgotten
};

}  // namespace marty::http::internal
