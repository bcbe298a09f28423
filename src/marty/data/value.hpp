// Value: one SQL value on its way in or out. Text and blobs are views: whoever made the value keeps their memory.
//
// Databases know few kinds, so there are five: null, 64-bit integer, double, text (UTF-8) and blob. How the fields of
// a struct become values is the subject of data/mapping.hpp.
//
//   void print(const Value& value) { if (auto* text = std::get_if<std::string_view>(&value)) ... }
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace marty::data {

using Null = std::monostate;
using Blob = std::span<const std::byte>;

// A view of one value: valid as long as the memory it came from.
using Value = std::variant<Null, std::int64_t, double, std::string_view, Blob>;

// A value that owns its text or blob: what conditions and cursors keep.
using OwnedValue = std::variant<Null, std::int64_t, double, std::string, std::vector<std::byte>>;

OwnedValue own(const Value& value);
Value view(const OwnedValue& value);

// "null", "integer", "number", "text" or "blob": for error messages, which never hold the value itself.
std::string_view kind_name(const Value& value);

}  // namespace marty::data
