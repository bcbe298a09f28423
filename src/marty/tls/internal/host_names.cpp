#include "marty/tls/internal/host_names.hpp"

namespace marty::tls::internal {
namespace {

constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035 section 2.3.4
constexpr std::size_t kMaxLabelBytes = 63;

constexpr bool is_label_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return text;
}

}  // namespace

bool is_host_name(std::string_view text) noexcept {
  if (text.size() > kMaxNameBytes) return false;
  std::size_t label_bytes = 0;
  for (const char c : text) {
    if (c == '.' ? label_bytes == 0 : !is_label_byte(c)) return false;
    label_bytes = c == '.' ? 0 : label_bytes + 1;
    if (label_bytes > kMaxLabelBytes) return false;
  }
  return label_bytes != 0;
}

void HostNames::add(std::string_view pattern, std::size_t certificate) {
  if (pattern.starts_with("*.")) {
    below_.emplace(lower(pattern.substr(1)), certificate);
  } else {
    exact_.emplace(lower(pattern), certificate);
  }
}

std::optional<std::size_t> HostNames::find(std::string_view name) const {
  const std::string text = lower(name);
  if (const auto found = exact_.find(text); found != exact_.end()) return found->second;
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string::npos) return std::nullopt;
  const auto found = below_.find(text.substr(dot));
  return found != below_.end() ? std::optional(found->second) : std::nullopt;
}

}  // namespace marty::tls::internal
