#include "marty/base/secret.hpp"

#include <string.h>

#include <cstring>
#include <utility>

namespace marty {

void clear(char* bytes, std::size_t size) noexcept { ::explicit_bzero(bytes, size); }

void clear(std::string& text) noexcept {
  text.resize(text.capacity());  // within the capacity: no allocation, nothing to throw
  clear(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  bytes_ = new char[text.size()];
  size_ = text.size();
  std::memcpy(bytes_, text.data(), size_);
}

Secret Secret::take(std::string& text) {
  Secret secret{std::string_view(text)};
  clear(text);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_ == nullptr) return;
  clear(bytes_, size_);
  delete[] bytes_;
}

bool Secret::equals(std::string_view text) const noexcept {
  if (text.size() != size_) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < size_; ++i) difference |= static_cast<unsigned char>(bytes_[i] ^ text[i]);
  // The compiler must not see that a difference, once found, stays.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

}  // namespace marty
