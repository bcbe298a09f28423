#include "marty/grpc/internal/metadata.hpp"

#include <algorithm>

#include "marty/base/encoding.hpp"

namespace marty::grpc::internal {
namespace {

std::string_view without_blanks(std::string_view text) noexcept {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Other implementations do not look at the bits of the last character that belong to no byte.
void clear_unused_bits(std::string& text) noexcept {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t unused = text.size() % 4 == 2 ? 0xf : text.size() % 4 == 3 ? 0x3 : 0;
  if (unused == 0) return;
  if (const std::size_t value = kAlphabet.find(text.back()); value != std::string_view::npos)
    text.back() = kAlphabet[value & ~unused];
}

}  // namespace

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
  for (;;) {
    const std::size_t comma = text.find(',');
    if (auto bytes = decode_binary(without_blanks(text.substr(0, comma)))) all.push_back(*std::move(bytes));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::string> decode_binary(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string padded(text);
  clear_unused_bits(padded);
  while (padded.size() % 4 != 0) padded += '=';
  return base64_decode(padded);
}

}  // namespace marty::grpc::internal
