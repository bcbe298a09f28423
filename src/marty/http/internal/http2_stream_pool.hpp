// Http2StreamPool: streams between two uses, with the memory of their bodies and heads. Last in, first out.
#pragma once

#include <cstddef>
#include <utility>

namespace marty::http::internal {

// Stream has end(), has_grown() and next_free. Belongs to one loop.
template <class Stream, std::size_t kMaxKept>
class Http2StreamPool {
 public:
  Http2StreamPool() = default;
  ~Http2StreamPool() {
    while (free_ != nullptr) delete std::exchange(free_, free_->next_free);
  }
  Http2StreamPool(const Http2StreamPool&) = delete;
  Http2StreamPool& operator=(const Http2StreamPool&) = delete;

  // One of those that were given back, or a new one, made with `arguments`.
  template <class... Arguments>
  Stream& take(Arguments&... arguments) {
    if (free_ == nullptr) return *new Stream(arguments...);
    --kept_;
    return *std::exchange(free_, free_->next_free);
  }
  void give_back(Stream& stream) noexcept {
    stream.end();
    if (kept_ == kMaxKept || stream.has_grown()) return delete &stream;
    ++kept_;
    stream.next_free = std::exchange(free_, &stream);
  }

 private:
  Stream* free_ = nullptr;
  std::size_t kept_ = 0;
};

}  // namespace marty::http::internal
