// Envelope: what stands around the items of an export request. The requests of all three signals have the same form:
// resource_*(1){resource(1), scope_*(2){scope(1), items(2)...}}.
//
//   envelope.begin(request);
//   source.collect(request, kMaxBytes);      // fields with the number 2
//   envelope.finish(request);
//
// Source: opentelemetry/proto/collector/{trace,metrics,logs}/v1/*_service.proto (v1.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/time.hpp"
#include "marty/otlp/options.hpp"

namespace marty::otlp::internal {

constexpr std::uint32_t kItems = 2;  // the field of a scope that spans, metrics and log records are

std::uint64_t nanoseconds(Timestamp time) noexcept;  // since 1970, as all three have times

class Envelope {
 public:
  explicit Envelope(const Attributes& resource);

  void begin(std::string& request) const { request.assign(head_bytes(kUsualLengthBytes), '\0'); }  // room for the head
  bool is_empty(std::string_view request) const noexcept { return request.size() == head_bytes(kUsualLengthBytes); }
  // Moves the items only where the lengths before them take another number of bytes than those of a full batch.
  void finish(std::string& request) const;

 private:
  static constexpr std::size_t kUsualLengthBytes = 3;  // 16 KiB to 2 MiB
  std::size_t head_bytes(std::size_t length_bytes) const noexcept {
    return 2 * (1 + length_bytes) + resource_.size() + scope_.size();
  }

  std::string resource_, scope_;  // as fields
};

}  // namespace marty::otlp::internal
