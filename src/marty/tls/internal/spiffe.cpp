#include "marty/tls/internal/spiffe.hpp"

#include <algorithm>

namespace marty::tls::internal {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr std::size_t kMaxBytes = 2048;
constexpr std::size_t kMaxTrustDomainBytes = 255;

constexpr bool is_trust_domain_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}
constexpr bool is_path_byte(char c) noexcept { return is_trust_domain_byte(c) || (c >= 'A' && c <= 'Z'); }

bool is_segment(std::string_view text) noexcept {
  return !text.empty() && text != "." && text != ".." && std::all_of(text.begin(), text.end(), is_path_byte);
}

}  // namespace

std::optional<SpiffeId> parse_spiffe_id(std::string_view text) noexcept {
  if (text.size() > kMaxBytes || !text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  const SpiffeId id{text.substr(0, slash), text.substr(slash)};
  if (id.trust_domain.empty() || id.trust_domain.size() > kMaxTrustDomainBytes) return std::nullopt;
  if (!std::all_of(id.trust_domain.begin(), id.trust_domain.end(), is_trust_domain_byte)) return std::nullopt;
  for (std::string_view rest = id.path; !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (!is_segment(rest.substr(0, end))) return std::nullopt;
    rest.remove_prefix(end);
  }
  return id;
}

}  // namespace marty::tls::internal
