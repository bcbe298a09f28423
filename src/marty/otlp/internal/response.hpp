// What a receiver answers: Export*ServiceResponse, which has the same form for all signals, and google.rpc's Status and
// RetryInfo. Anything that is not well-formed says nothing.
//
// Source: https://opentelemetry.io/docs/specs/otlp/ (1.x), "Partial Success", "Failures", "OTLP/gRPC Throttling".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "marty/base/time.hpp"
#include "marty/runtime/time.hpp"

namespace marty::otlp::internal {

// Of an accepted request: how many of its items were not taken, and why; a message alone is a warning.
struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string message;
};
PartialSuccess read_partial_success(std::string_view response);

std::string read_status_message(std::string_view status);
std::optional<runtime::Duration> read_retry_delay(std::string_view retry_info);
// Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
std::optional<runtime::Duration> read_retry_after(std::string_view header, Timestamp now);

}  // namespace marty::otlp::internal
