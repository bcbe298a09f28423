#include "marty/otlp/internal/envelope.hpp"

#include "marty/telemetry/internal/protobuf_wire.hpp"

namespace marty::otlp::internal {

using namespace telemetry::internal;

std::uint64_t nanoseconds(Timestamp time) noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

Envelope::Envelope(const Attributes& resource) {
  append_message_field(resource_, 1, [&] {
    for (const auto& [name, value] : resource)
      std::visit([&](const auto& typed) { append_key_value(resource_, 1, name, typed); }, value);
  });
  append_message_field(scope_, 1, [&] {
    append_string_field(scope_, 1, "marty");
    append_string_field(scope_, 2, MARTY_VERSION);
  });
}

void Envelope::finish(std::string& request) const {
  const std::size_t room = head_bytes(kUsualLengthBytes);
  const std::size_t scope_bytes = scope_.size() + request.size() - room;
  const std::size_t resource_bytes = resource_.size() + 1 + varint_size(scope_bytes) + scope_bytes;
  std::string head;
  head.reserve(room + 2 * kMaxVarintBytes);
  append_tag(head, 1, WireType::bytes);
  append_varint(head, resource_bytes);
  head += resource_;
  append_tag(head, 2, WireType::bytes);
  append_varint(head, scope_bytes);
  head += scope_;
  request.replace(0, room, head);
}

}  // namespace marty::otlp::internal
