// What a connection needs only while a request is in it. Leased from the loop's pool: idle connections have none.
#pragma once

#include <memory>
#include <vector>

#include "marty/http/internal/request_body.hpp"

namespace marty::http::internal {

struct Scratch {
  explicit Scratch(const HeadLimits& limits) : parser(limits) {}
  void recycle();  // as new, without the memory that an unusual request took

  ReceiveBuffer in;
  OutputBuffer out;
  RequestParser parser;
  RequestBody body;
  Request request;
  Response response;
};

// Last in, first out, so that the warmest memory is used next. One per loop.
class ScratchPool {
 public:
  explicit ScratchPool(const HeadLimits& limits) : limits_(limits) { free_.reserve(kMaxKept); }
  std::unique_ptr<Scratch> take() noexcept;  // null: out of memory
  void give_back(std::unique_ptr<Scratch> scratch) noexcept;

 private:
  static constexpr std::size_t kMaxKept = 64;

  HeadLimits limits_;
  std::vector<std::unique_ptr<Scratch>> free_;
};

}  // namespace marty::http::internal
