// How long a caller waits, as it says so: `grpc-timeout` (gRPC over HTTP/2, "Requests": at most eight digits and a
// unit) and `connect-timeout-ms` (Connect protocol: at most ten digits).
#pragma once

#include <optional>
#include <string_view>

#include "marty/runtime/time.hpp"

namespace marty::grpc::internal {

// Nothing where the text is not valid. What is too long to count becomes the longest duration.
std::optional<runtime::Duration> parse_timeout(std::string_view text) noexcept;
std::optional<runtime::Duration> parse_timeout_ms(std::string_view text) noexcept;

// Before a call's handler runs: throws deadline_exceeded where nobody waits for its result any more.
void throw_if_late();

// Never shorter than what is left, unless that is nothing: "0n".
struct TimeoutText {
  char text[12];
  std::size_t size;
  std::string_view view() const noexcept { return {text, size}; }
};
TimeoutText format_timeout(runtime::Duration left) noexcept;

}  // namespace marty::grpc::internal
