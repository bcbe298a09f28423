// LineObserver: sees every log line of the process before its sink does. How test programs check them all.
#pragma once

#include <atomic>
#include <string_view>

namespace marty::telemetry::internal {

using LineObserver = void (*)(std::string_view line) noexcept;
inline std::atomic<LineObserver> line_observer{nullptr};

}  // namespace marty::telemetry::internal
