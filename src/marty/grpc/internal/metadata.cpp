#include "marty/grpc/internal/metadata.hpp"

#include <algorithm>

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

Metadata read_metadata(const http::HeaderList& fields) {
  Metadata metadata;
  for (const http::Header& field : fields) {
    if (field.name.starts_with("grpc-") || field.name == "content-type") continue;
    if (is_binary(field.name)) {
      for (std::string& bytes : decode_binaries(field.value)) metadata.emplace_back(field.name, std::move(bytes));
    } else {
      metadata.emplace_back(field.name, field.value);
    }
  }
  return metadata;
}

std::string encode_binary(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::vector<std::string> decode_binaries(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (auto bytes = decode_binary(text.substr(0, end))) all.push_back(*std::move(bytes));
    text.remove_prefix(std::min(end + 1, text.size()));
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return all;
}

std::optional<std::string> decode_binary(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return base64_decode(padded);
}

}  // namespace marty::grpc::internal
