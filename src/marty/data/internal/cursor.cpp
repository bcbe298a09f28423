#include "marty/data/internal/cursor.hpp"

#include <bit>
#include <optional>

#include "marty/base/encoding.hpp"

namespace marty::data::internal {
namespace {

constexpr char kFormat = 1;
constexpr std::string_view kDamaged = "is damaged";

void append_u64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
}

// Takes from the front of `bytes`; fails once there is too little.
struct Reader {
  std::string_view bytes;
  bool ok = true;

  std::string_view take(std::uint64_t size) {
    if (size > bytes.size()) {
      ok = false;
      return {};
    }
    const std::string_view taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
  }
  std::uint64_t take_u64() {
    std::uint64_t value = 0;
    for (const char byte : take(8)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
};

// One letter for the kind, then the content.
void append_value(std::string& out, const OwnedValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    out += 'i';
    append_u64(out, static_cast<std::uint64_t>(*integer));
  } else if (const auto* number = std::get_if<double>(&value)) {
    out += 'd';
    append_u64(out, std::bit_cast<std::uint64_t>(*number));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out += 't';
    append_u64(out, text->size());
    out += *text;
  } else if (const auto* blob = std::get_if<std::vector<std::byte>>(&value)) {
    out += 'b';
    append_u64(out, blob->size());
    out.append(reinterpret_cast<const char*>(blob->data()), blob->size());
  } else {
    out += 'n';
  }
}

std::optional<OwnedValue> take_value(Reader& reader) {
  const std::string_view kind = reader.take(1);
  if (kind == "n") return OwnedValue(Null{});
  if (kind == "i") return OwnedValue(static_cast<std::int64_t>(reader.take_u64()));
  if (kind == "d") return OwnedValue(std::bit_cast<double>(reader.take_u64()));
  if (kind == "t") return OwnedValue(std::string(reader.take(reader.take_u64())));
  if (kind == "b") {
    const std::string_view content = reader.take(reader.take_u64());
    const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
    return OwnedValue(std::vector<std::byte>(bytes, bytes + content.size()));
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t hash(std::string_view bytes, std::uint64_t seed) {
  for (const char byte : bytes) seed = (seed ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  return seed;
}

std::uint64_t hash_value(const OwnedValue& value, std::uint64_t seed) {
  std::string bytes;
  append_value(bytes, value);
  return hash(bytes, seed);
}

std::string encode_cursor(std::uint64_t fingerprint, std::span<const OwnedValue> values) {
  std::string bytes(1, kFormat);
  append_u64(bytes, fingerprint);
  for (const OwnedValue& value : values) append_value(bytes, value);
  append_u64(bytes, hash(bytes));
  return base64url_encode(bytes);
}

std::expected<std::vector<OwnedValue>, std::string_view> decode_cursor(std::string_view text, std::uint64_t fingerprint,
                                                                       std::size_t count) {
  if (text.size() > kMaxCursorSize) return std::unexpected(kDamaged);
  const std::optional<std::string> bytes = base64url_decode(text);
  if (!bytes || bytes->size() < 17) return std::unexpected(kDamaged);
  Reader checksum{std::string_view(*bytes).substr(bytes->size() - 8)};
  Reader reader{std::string_view(*bytes).substr(0, bytes->size() - 8)};
  if (checksum.take_u64() != hash(reader.bytes)) return std::unexpected(kDamaged);
  if (reader.take(1)[0] != kFormat) return std::unexpected("is of another version");
  if (reader.take_u64() != fingerprint)
    return std::unexpected("belongs to a list with other conditions or another order");
  std::vector<OwnedValue> values;
  while (!reader.bytes.empty() && values.size() < count) {
    std::optional<OwnedValue> value = take_value(reader);
    if (!value || !reader.ok) return std::unexpected(kDamaged);
    values.push_back(*std::move(value));
  }
  if (values.size() != count || !reader.bytes.empty()) return std::unexpected(kDamaged);
  return values;
}

}  // namespace marty::data::internal
