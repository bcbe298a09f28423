// Small helpers for text.
//
//   if (auto near = nearest("prot", {"host", "port"})) message += "; did you mean " + std::string(*near) + "?";
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace marty {

// The candidate that `name` is most likely a misspelling of: the fewest edits (Damerau-Levenshtein: insert, delete,
// replace, swap neighbours), at most a third of its length and ignoring ASCII case; nothing when none is that near.
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);

// Equal when ASCII letters of either case count as the same, as in HTTP header names.
bool equals_ignore_case(std::string_view left, std::string_view right);

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

// The length in bytes of the well-formed code point that `text` begins with; 0: there is none.
std::size_t utf8_length(std::string_view text);

// Code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace marty
