#include "marty/http/internal/buffers.hpp"

#include <algorithm>
#include <charconv>

namespace marty::http::internal {

void ReceiveBuffer::prepare() {
  data_ = std::make_unique_for_overwrite<char[]>(kInitialBytes);
  capacity_ = kInitialBytes;
}

void ReceiveBuffer::make_room() {
  const std::size_t size = end_ - begin_;
  if (capacity_ - size >= kMinSpaceBytes) {
    std::memmove(data_.get(), data_.get() + begin_, size);
  } else {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::memcpy(larger.get(), data_.get() + begin_, size);
    data_ = std::move(larger);
    capacity_ *= 2;
  }
  begin_ = 0;
  end_ = size;
}

void OutputBuffer::grow(std::size_t bytes) {
  const std::size_t wanted = std::max({kInitialBytes, capacity_ * 2, size_ + bytes});
  auto larger = std::make_unique_for_overwrite<char[]>(wanted);
  if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  capacity_ = wanted;
}

void OutputBuffer::append_decimal(std::size_t number) {
  char* const at = reserve(20);
  size_ += static_cast<std::size_t>(std::to_chars(at, at + 20, number).ptr - at);
}

void OutputBuffer::append_hexadecimal(std::size_t number) {
  char* const at = reserve(16);
  size_ += static_cast<std::size_t>(std::to_chars(at, at + 16, number, 16).ptr - at);
}

}  // namespace marty::http::internal
