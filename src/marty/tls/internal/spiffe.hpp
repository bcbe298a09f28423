// SPIFFE IDs (SPIFFE-ID, sections 2.1 to 2.3): "spiffe://example.org/orders".
#pragma once

#include <optional>
#include <string_view>

namespace marty::tls::internal {

struct SpiffeId {
  std::string_view trust_domain;  // "example.org"
  std::string_view path;          // "/orders"; "" is the trust domain itself
};

// Views into `text`. Strict, so that one identity has one text: lower case where case says nothing, no
// percent-encoding, no empty segments, no "." and "..", no port, query or fragment. Nothing for anything else.
std::optional<SpiffeId> parse_spiffe_id(std::string_view text) noexcept;

}  // namespace marty::tls::internal
