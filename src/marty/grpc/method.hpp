// Method: what generated code knows of one method of a service.
#pragma once

#include <cstdint>
#include <string_view>

namespace marty::grpc {

enum class MethodKind : std::uint8_t { unary, server_streaming, client_streaming, bidi_streaming };

// What the .proto says of calling it twice (option idempotency_level). What is not `unknown` may be sent again by a
// client whose call failed; what has no side effects may be asked by GET (Connect protocol).
enum class Idempotency : std::uint8_t { unknown, no_side_effects, idempotent };

struct Method {
  std::string_view service;  // "shop.v1.PetStore"
  std::string_view name;     // "GetPet"
  std::string_view path;     // "/shop.v1.PetStore/GetPet"
  std::string_view summary;  // the first sentence of its comment
  MethodKind kind = MethodKind::unary;
  Idempotency idempotency = Idempotency::unknown;
};

}  // namespace marty::grpc
