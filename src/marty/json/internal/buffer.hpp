// Buffer: writes behind the end of a std::string without zeroing or checking byte by byte. While it lives the string's
// size is meaningless; finish() sets it. Without finish(), the string gets back the size it came with.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace marty::json::internal {

class Buffer {
 public:
  explicit Buffer(std::string& out) : out_(out), original_size_(out.size()) { open(original_size_, 512); }
  ~Buffer() {
    if (p_ != nullptr) out_.resize(original_size_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void finish() {
    close();
    p_ = nullptr;
  }

  // Room for `size` more bytes; write there, then call advance_to() with the end of what was written.
  char* reserve(std::size_t size) {
    if (static_cast<std::size_t>(end_ - p_) < size) [[unlikely]]
      grow(size);
    return p_;
  }
  void advance_to(char* end) { p_ = end; }

  void append(char c) {
    *reserve(1) = c;
    ++p_;
  }
  void append(std::string_view text) {
    std::memcpy(reserve(text.size()), text.data(), text.size());
    p_ += text.size();
  }

  // For those who append to the string itself: between close() and open() it is an ordinary string.
  std::string& close() {
    out_.resize(static_cast<std::size_t>(p_ - out_.data()));
    return out_;
  }
  void open() { open(out_.size(), 1); }

 private:
  void open(std::size_t size, std::size_t room);
  void grow(std::size_t room);

  std::string& out_;
  std::size_t original_size_;
  char* p_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace marty::json::internal
