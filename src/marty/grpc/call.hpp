// Call: the call itself, for the handlers that want to know more than its message: `grpc::Call& call`.
//
//   Pet get_pet(const GetPetRequest& request, grpc::Call& call, Pets& pets) {
//     call.add_trailing_metadata("x-cache", "miss");
//     if (call.metadata("x-debug") == "on") ...
//   }
//
// Metadata are HTTP headers: names in lower case. A name that ends in "-bin" holds any bytes (Base64 on the wire).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"
#include "marty/runtime/time.hpp"

namespace marty::grpc {

class Call {
 public:
  const http::Request& request() const noexcept { return request_; }
  std::string_view metadata(std::string_view name) const noexcept { return request_.header(name); }  // "": not sent
  // Of a "-bin" name. Nothing where it was not sent, or is not Base64.
  std::optional<std::string> binary_metadata(std::string_view name) const;

  // Goes out with the first message, or with the reply; later it becomes trailing metadata. Throws invalid_argument for
  // what HTTP forbids.
  void add_metadata(std::string_view name, std::string_view value);
  // Goes out behind the last message.
  void add_trailing_metadata(std::string_view name, std::string_view value);

  // By when the caller wants its answer; kNever where it did not say. Every wait of the handler obeys it.
  runtime::TimePoint deadline() const noexcept;
  // Whether messages to the caller are compressed, where it takes that, from now on. Otherwise ApiOptions decide.
  void compress(bool on) noexcept { compress_ = on; }

 protected:
  Call(http::Request& request, http::Response& response) : request_(request), response_(response) {}
  ~Call() = default;
  bool compresses(bool otherwise) const noexcept { return compress_.value_or(otherwise); }

  http::Request& request_;
  http::Response& response_;

 private:
  std::optional<bool> compress_;
};

}  // namespace marty::grpc
