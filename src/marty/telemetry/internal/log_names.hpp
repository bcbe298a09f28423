// The names of a log line's own members; what they are is in ops/observability/logs/log-line.schema.json.
#pragma once

#include <array>
#include <string_view>

namespace marty::telemetry::internal {

inline constexpr std::array<std::string_view, 21> kLogNames = {
    "timestamp", "level",      "service",   "version",   "environment",       "logger",         "message",
    "file",      "line",       "thread",    "trace_id",  "span_id",           "correlation_id", "request_id",
    "user_id",   "session_id", "operation", "plugin_id", "config_generation", "suppressed",     "exception"};

}  // namespace marty::telemetry::internal
