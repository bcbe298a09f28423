#include "marty/grpc/call.hpp"

#include "marty/grpc/internal/metadata.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc {

std::optional<std::string> Call::binary_metadata(std::string_view name) const {
  const std::optional<std::string_view> text = request_.headers.find(name);
  return text ? internal::decode_binary(*text) : std::nullopt;
}

void Call::add_metadata(std::string_view name, std::string_view value) {
  response_.add_header(name, internal::is_binary(name) ? internal::encode_binary(value) : std::string(value));
}

void Call::add_trailing_metadata(std::string_view name, std::string_view value) {
  response_.add_trailer(name, internal::is_binary(name) ? internal::encode_binary(value) : std::string(value));
}

runtime::TimePoint Call::deadline() const noexcept { return runtime::deadline(); }

}  // namespace marty::grpc
