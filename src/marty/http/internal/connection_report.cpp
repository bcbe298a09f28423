#include "marty/http/internal/connection_report.hpp"

#include <new>
#include <string>
#include <utility>

#include "marty/http/internal/log.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kWindow = std::chrono::seconds(10);
constexpr int kHandshakesPerWindow = 10;

}  // namespace

void ConnectionReport::handshake_failed(const Error& error) noexcept {
  const runtime::TimePoint now = runtime::coarse_now();
  if (now - handshakes_since_ >= kWindow) {
    handshakes_since_ = now;
    handshakes_told_ = 0;
  }
  if (++handshakes_told_ > kHandshakesPerWindow) {
    ++handshakes_untold_;
    return;
  }
  const telemetry::ContextScope scope(context_);
  const std::uint64_t left_out = std::exchange(handshakes_untold_, 0);
  try {
    const std::string line = "TLS: " + error.message();
    if (error.code() == Code::unauthenticated) {
      kLog.warning(line, {{"not_logged_before", left_out}});
    } else {
      kLog.info(line, {{"not_logged_before", left_out}});
    }
  } catch (const std::bad_alloc&) {
    handshakes_untold_ += left_out + 1;
  }
}

void ConnectionReport::tell_refusals() noexcept {
  if (over_limit_ == 0 && without_descriptor_ == 0) return;
  const runtime::TimePoint now = runtime::coarse_now();
  if (refusals_told_ != runtime::TimePoint() && now - refusals_told_ < kWindow) return;
  refusals_told_ = now;
  const telemetry::ContextScope scope(context_);
  if (without_descriptor_ != 0) {
    kLog.warning(
        "connections were closed at once, as this process could open no more files; raise its limit (ulimit -n) above "
        "what server.max_connections takes, or lower that",
        {{"connections", std::exchange(without_descriptor_, 0)}});
  }
  if (over_limit_ != 0) {
    kLog.warning(
        "connections were answered with 503, as server.max_connections are open; raise it, or run more replicas",
        {{"connections", std::exchange(over_limit_, 0)}});
  }
}

}  // namespace marty::http::internal
