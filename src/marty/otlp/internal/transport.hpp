// Transport: one export request to the receiver, over HTTP or gRPC, and what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "marty/otlp/options.hpp"

namespace marty::otlp::internal {

struct Outcome {
  enum class Kind : std::uint8_t { accepted, retry, refused };
  Kind kind = Kind::accepted;
  std::uint64_t rejected = 0;                    // items of an accepted request
  std::string reason;                            // why not all is well
  std::optional<runtime::Duration> retry_after;  // the least, where the receiver says so
};

class Transport {
 public:
  virtual ~Transport() = default;
  // On a fiber. `request` is gzipped where the options say so. Throws only where the fiber is cancelled.
  virtual Outcome send(Signal signal, std::string_view request) = 0;
};

// Throw invalid_argument as parse_endpoint(). On a fiber, as their ends.
std::unique_ptr<Transport> make_http_transport(const ExporterOptions& options);
std::unique_ptr<Transport> make_grpc_transport(const ExporterOptions& options);

}  // namespace marty::otlp::internal
