#include "marty/grpc/internal/metadata.hpp"

#include "marty/base/encoding.hpp"

namespace marty::grpc::internal {

bool is_valid_metadata(std::string_view name, std::string_view value) noexcept {
  if (name.empty() || name.starts_with("grpc-")) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')) return false;
  }
  if (is_binary(name)) return true;
  for (const char c : value) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

std::string encode_binary(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<std::string> decode_binary(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return base64_decode(padded);
}

}  // namespace marty::grpc::internal
