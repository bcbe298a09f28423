// The two buffers of an active connection. Both keep their memory between requests, up to a bound.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace marty::http::internal {

// Bytes from the network: [begin, end) are unread, what was consumed stays readable until make_room() or clear().
class ReceiveBuffer {
 public:
  static constexpr std::size_t kInitialBytes = 16 * 1024;
  static constexpr std::size_t kMinSpaceBytes = 4 * 1024;

  std::string_view unread() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t position() const noexcept { return begin_; }
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }

  std::span<char> space() noexcept { return {data_.get() + end_, capacity_ - end_}; }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool has_grown() const noexcept { return capacity_ > kInitialBytes; }

  // Forgets what stands behind `position`, which must all be consumed: room for a body behind a head that is still in
  // use.
  void reuse_from(std::size_t position) noexcept { begin_ = end_ = position; }
  void clear() noexcept { begin_ = end_ = 0; }
  // Moves the unread bytes to the front, into a larger buffer where that leaves less than kMinSpaceBytes. Views into
  // the buffer are void.
  void make_room();
  void prepare();  // allocates where nothing is

 private:
  std::unique_ptr<char[]> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

// Bytes for the network.
class OutputBuffer {
 public:
  static constexpr std::size_t kInitialBytes = 4 * 1024;
  static constexpr std::size_t kKeptBytes = 64 * 1024;

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Room for `bytes` more, to be written directly; advance_to() says up to where.
  char* reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return data_.get() + size_;
  }
  void advance_to(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append_decimal(std::size_t number);
  void append_hexadecimal(std::size_t number);
  std::string_view bytes() const noexcept { return {data_.get(), size_}; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  void clear() noexcept { size_ = 0; }
  bool has_grown() const noexcept { return capacity_ > kKeptBytes; }
  void truncate(std::size_t size) noexcept { size_ = size; }

 private:
  void grow(std::size_t bytes);

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace marty::http::internal
