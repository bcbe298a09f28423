#include "marty/data/value.hpp"

#include <array>

namespace marty::data {

OwnedValue own(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* blob = std::get_if<Blob>(&value)) return std::vector<std::byte>(blob->begin(), blob->end());
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return Null{};
}

Value view(const OwnedValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return std::string_view(*text);
  if (const auto* blob = std::get_if<std::vector<std::byte>>(&value)) return Blob(*blob);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return Null{};
}

std::string_view kind_name(const Value& value) {
  static constexpr std::array<std::string_view, 5> kNames = {"null", "integer", "number", "text", "blob"};
  return kNames[value.index()];
}

}  // namespace marty::data
