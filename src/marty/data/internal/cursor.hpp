// Cursors: where a page ended, as one opaque URL-safe text.
//
// Base64url (RFC 4648, 5) of: format byte, fingerprint of the list, the last row's sort values, checksum. The checksum
// catches damage and guesswork; it is no signature, and none is needed: the values are bound like any others and can
// only choose where in the caller's own list the page begins.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/data/value.hpp"

namespace marty::data::internal {

inline constexpr std::size_t kMaxCursorSize = 8192;  // what decode_cursor() takes, and about what a URL may hold

std::string encode_cursor(std::uint64_t fingerprint, std::span<const OwnedValue> values);

// The values, or what is wrong with the text: it is damaged, of another list, or has another number of values.
std::expected<std::vector<OwnedValue>, std::string_view> decode_cursor(std::string_view text, std::uint64_t fingerprint,
                                                                       std::size_t count);

// FNV-1a, 64 bits: quick, not for secrets. `seed` is the hash of what came before.
std::uint64_t hash(std::string_view bytes, std::uint64_t seed = 14695981039346656037ull);
std::uint64_t hash_value(const OwnedValue& value, std::uint64_t seed);

}  // namespace marty::data::internal
