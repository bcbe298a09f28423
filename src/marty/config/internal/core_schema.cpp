#include "marty/config/internal/core_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "marty/reflect/scalar.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::config::internal {
namespace {

using reflect::Kind;

constexpr std::string_view kDigits = "0123456789";

// 0o17 and 0x1F90, which have no sign, as JSON writes them; "": it is none of these.
std::string other_base(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 0;
  if (base == 0) return {};
  std::uint64_t value = 0;
  const char* const begin = text.data() + 2;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value, base);
  return error == std::errc() && stop == end ? std::to_string(value) : std::string();
}

// +80, 007, .5, 5. and 5.e3 as JSON writes them.
std::string decimal(std::string_view text) {
  std::string out = text.starts_with('-') ? "-" : "";
  std::string_view rest = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  const std::string_view whole = rest.substr(0, rest.find_first_not_of(kDigits));
  rest.remove_prefix(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    fraction = rest.substr(1, std::min(rest.find_first_not_of(kDigits, 1), rest.size()) - 1);
    rest.remove_prefix(1 + fraction.size());
  }
  if (whole.empty() && fraction.empty()) return std::string(text);
  const std::size_t first = std::min(whole.find_first_not_of('0'), whole.size());
  out += first == whole.size() ? "0" : whole.substr(first);
  if (!fraction.empty()) out.append(".").append(fraction);
  return out.append(rest);  // an exponent, or what makes it no number
}

std::string number(std::string_view text, bool integer) {
  if (std::string value = other_base(text); !value.empty()) return value;
  // A fraction of nothing, "5.", is a number, but no integer.
  return integer && text.find('.') != std::string_view::npos ? std::string(text) : decimal(text);
}

std::string boolean(std::string_view text) {
  if (text == "True" || text == "TRUE") return "true";
  return text == "False" || text == "FALSE" ? "false" : std::string(text);
}

}  // namespace

std::string read_scalar(const reflect::Type& type, std::string_view text, void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return reflect::from_text(type, boolean(text), object);
    case Kind::integer:
    case Kind::number:
      return reflect::from_text(type, number(text, type.kind == Kind::integer), object);
    default:
      return reflect::from_text(type, text, object);  // not copied: it may be a secret
  }
}

json::Value core_value(std::string_view text, bool quoted) {
  if (quoted) return text;
  bool flag = false;
  std::int64_t integer = 0;
  double real = 0;
  const auto reads = [&]<class T>(T& into) { return read_scalar(reflect::type_of<T>(), text, &into).empty(); };
  if (reads(flag)) return flag;
  if (reads(integer)) return integer;
  if (reads(real)) return real;
  return text;
}

}  // namespace marty::config::internal
