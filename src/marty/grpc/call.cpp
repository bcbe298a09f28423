#include "marty/grpc/call.hpp"

#include "marty/grpc/internal/metadata.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc {

std::optional<std::string> Call::binary_metadata(std::string_view name) const {
  const auto field = request_.headers.find(name);
  if (!field) return std::nullopt;
  std::vector<std::string> values = internal::decode_binaries(*field);
  return values.empty() ? std::nullopt : std::optional(std::move(values.front()));
}

void Call::add_metadata(std::string_view name, std::string_view value) {
  response_.add_header(name, internal::is_binary(name) ? internal::encode_binary(value) : std::string(value));
}

void Call::add_trailing_metadata(std::string_view name, std::string_view value) {
  response_.add_trailer(name, internal::is_binary(name) ? internal::encode_binary(value) : std::string(value));
}

runtime::TimePoint Call::deadline() const noexcept { return runtime::deadline(); }

}  // namespace marty::grpc
