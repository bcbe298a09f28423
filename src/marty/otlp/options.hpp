// ExporterOptions: where telemetry goes by OTLP, and how much of it may wait.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "marty/base/secret.hpp"
#include "marty/runtime/time.hpp"

namespace marty::otlp {

enum class Protocol : std::uint8_t { http, grpc };  // http: with protobuf ("http/protobuf")
enum class Compression : std::uint8_t { none, gzip };
enum class Signal : std::uint8_t { traces, metrics, logs };
std::string_view signal_name(Signal signal) noexcept;

// Of a resource: what is the same for all that this process exports.
using Attributes = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

struct ExporterOptions {
  std::string endpoint;  // http://host:port or https; of http the base, to which /v1/traces is added
  Protocol protocol = Protocol::http;
  std::vector<std::pair<std::string, Secret>> headers;  // of every request
  Compression compression = Compression::none;
  runtime::Duration timeout = std::chrono::seconds(10);           // of one request
  runtime::Duration batch_interval = std::chrono::seconds(1);     // traces and logs wait no longer for others
  runtime::Duration metrics_interval = std::chrono::seconds(15);  // between two readings
  runtime::Duration shutdown_timeout = std::chrono::seconds(5);   // for what is left at the end
  std::size_t queue_bytes = 8 << 20;                              // that wait, of each signal; beyond it the oldest go
  Attributes resource;
};

}  // namespace marty::otlp
