// What a connection needs only while a request is in it. Leased from the loop's pool: idle connections have none.
#pragma once

#include <utility>

#include "marty/http/internal/request_body.hpp"

namespace marty::http::internal {

struct Scratch {
  explicit Scratch(const HeadLimits& limits) : parser(limits) { in.prepare(); }
  bool has_grown() const noexcept {
    return in.has_grown() || out.has_grown() || body.has_grown() ||
           response.body().capacity() > RequestBody::kKeptBytes;
  }

  ReceiveBuffer in;
  OutputBuffer out;
  RequestParser parser;
  RequestBody body;
  Request request;
  Response response;
  Scratch* next_free = nullptr;
};

// Last in, first out, so that the warmest memory is used next. One per loop.
class ScratchPool {
 public:
  explicit ScratchPool(const HeadLimits& limits) : limits_(limits) {}
  ~ScratchPool();
  ScratchPool(const ScratchPool&) = delete;
  ScratchPool& operator=(const ScratchPool&) = delete;

  Scratch* take() noexcept {  // null: out of memory
    if (free_ == nullptr) return make();
    --kept_;
    return std::exchange(free_, free_->next_free);
  }
  // Without anything left of a request. One that an unusual request has made large is freed.
  void give_back(Scratch* scratch) noexcept {
    if (kept_ == kMaxKept || scratch->has_grown()) return destroy(scratch);
    ++kept_;
    scratch->next_free = std::exchange(free_, scratch);
  }

 private:
  static constexpr std::size_t kMaxKept = 64;

  Scratch* make() const noexcept;
  static void destroy(Scratch* scratch) noexcept;

  const HeadLimits limits_;
  Scratch* free_ = nullptr;
  std::size_t kept_ = 0;
};

}  // namespace marty::http::internal
