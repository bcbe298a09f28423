#include "marty/json/internal/buffer.hpp"

#include <algorithm>

namespace marty::json::internal {

void Buffer::open(std::size_t size, std::size_t room) {
  const std::size_t whole = std::max(out_.capacity(), size + room);
  out_.resize_and_overwrite(whole, [](char*, std::size_t capacity) { return capacity; });
  p_ = out_.data() + size;
  end_ = out_.data() + whole;
}

void Buffer::grow(std::size_t room) {
  const std::size_t size = static_cast<std::size_t>(p_ - out_.data());
  open(size, std::max(room, size));
}

}  // namespace marty::json::internal
