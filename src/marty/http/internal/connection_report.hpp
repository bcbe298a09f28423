// ConnectionReport: what the log says of connections that were not served. Whoever makes many of them fail does not
// fill it: ten lines of handshakes in ten seconds, one of refusals, and how many there were.
#pragma once

#include <cstdint>

#include "marty/base/error.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::http::internal {

class ConnectionReport {
 public:
  explicit ConnectionReport(telemetry::Logging* logging) noexcept { context_.logging = logging; }  // null: stderr

  void handshake_failed(const Error& error) noexcept;
  // Counted here; told by the next tell_refusals() that may.
  void over_limit() noexcept { ++over_limit_; }
  void without_descriptor(std::uint64_t count) noexcept { without_descriptor_ += count; }
  void tell_refusals() noexcept;  // on a fiber

 private:
  telemetry::Context context_;
  runtime::TimePoint handshakes_since_{};
  int handshakes_told_ = 0;
  std::uint64_t handshakes_untold_ = 0;
  runtime::TimePoint refusals_told_{};
  std::uint64_t over_limit_ = 0;
  std::uint64_t without_descriptor_ = 0;
};

}  // namespace marty::http::internal
