#include "marty/reflect/scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"

namespace marty::reflect {
namespace {

// Whether `text` is a number by the grammar of JSON (RFC 8259 section 6), and whether it has a fraction or exponent.
NumberError check_number(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto digits = [&] {
    const char* const begin = p;
    while (p != end && *p >= '0' && *p <= '9') ++p;
    return p != begin;
  };
  if (p != end && *p == '-') ++p;
  if (p != end && *p == '0') {
    ++p;
  } else if (!digits()) {
    return NumberError::syntax;
  }
  if (p == end) return NumberError::none;
  if (*p == '.') {
    ++p;
    if (!digits()) return NumberError::syntax;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return NumberError::syntax;
  }
  return p == end ? NumberError::fraction : NumberError::syntax;
}

template <class Number>
NumberError read_as(std::string_view text, void* object) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return NumberError::range;
  std::memcpy(object, &value, sizeof value);
  return NumberError::none;
}

// The exponent of a JSON number; one that 64 bits do not hold is further than any text is long.
std::int64_t exponent_of(std::string_view text) {
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  const std::size_t mark = text.find_first_of("eE");
  if (mark == std::string_view::npos) return 0;
  std::string_view digits = text.substr(mark + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t exponent = 0;
  const bool fits = std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec == std::errc();
  return fits ? std::clamp(exponent, -kFar, kFar) : digits.starts_with('-') ? -kFar : kFar;
}

// Whether a number that is far out of range is too small rather than too large, which from_chars does not tell: by
// where its first digit stands, and the exponent.
bool is_too_small(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("eE"), text.size());
  const std::size_t point = std::min(text.find('.'), end), first = text.find_first_of("123456789");
  return exponent_of(text) + static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) < 0;
}

// A number too small for the type is zero, as every reader of floating point rounds it.
template <class Number>
NumberError read_floating(std::string_view text, void* object) {
  const NumberError error = read_as<Number>(text, object);
  if (error != NumberError::range || !is_too_small(text)) return error;
  const Number zero = text.starts_with('-') ? -Number{} : Number{};
  std::memcpy(object, &zero, sizeof zero);
  return NumberError::none;
}

NumberError read_integer(const Type& type, std::string_view text, void* object) {
  if (!type.is_signed && text == "-0") text = "0";
  switch (type.size) {
    case 1:
      return type.is_signed ? read_as<std::int8_t>(text, object) : read_as<std::uint8_t>(text, object);
    case 2:
      return type.is_signed ? read_as<std::int16_t>(text, object) : read_as<std::uint16_t>(text, object);
    case 4:
      return type.is_signed ? read_as<std::int32_t>(text, object) : read_as<std::uint32_t>(text, object);
    default:
      return type.is_signed ? read_as<std::int64_t>(text, object) : read_as<std::uint64_t>(text, object);
  }
}

// An integer that is written with a fraction or an exponent, as 21.0 or 2.1e1: JSON has one kind of number, and JSON
// Schema counts as integers what has no fraction left (2020-12, validation section 6.1.1).
NumberError read_written_otherwise(const Type& type, std::string_view text, void* object) {
  constexpr std::int64_t kMaxDigits = 20;  // of 64 bits
  const bool negative = text.starts_with('-');
  std::string_view mantissa = text.substr(negative, text.find_first_of("eE") - negative);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  if (point != mantissa.size()) digits += mantissa.substr(point + 1);
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return read_integer(type, "0", object);
  // The digits in front of the point, once the exponent has moved it.
  const std::int64_t before = static_cast<std::int64_t>(point) + exponent_of(text);
  const auto last = static_cast<std::int64_t>(digits.find_last_not_of('0'));
  if (last >= before) return NumberError::fraction;
  if (before - static_cast<std::int64_t>(first) > kMaxDigits) return NumberError::range;
  digits.resize(static_cast<std::size_t>(before), '0');
  return read_integer(type, (negative ? "-" : "") + digits.substr(first), object);
}

std::string integer_expectation(const Type& type) {
  if (type.size == 8) return type.is_signed ? "must be an integer" : "must be an integer of at least 0";
  const int bits = static_cast<int>(type.size) * 8;
  const std::int64_t highest = (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
  const std::int64_t lowest = type.is_signed ? -highest - 1 : 0;
  return "must be an integer from " + std::to_string(lowest) + " to " + std::to_string(highest);
}

std::string enumeration_expectation(const Type& type) {
  std::string text = "must be one of ";
  for (const Enumerator& enumerator : type.enumeration().enumerators) {
    if (&enumerator != &type.enumeration().enumerators.front()) text += ", ";
    text += enumerator.name;
  }
  return text;
}

std::string variant_expectation(const Type& type) {
  constexpr std::string_view kMust = "must be ";
  std::vector<std::string> expectations;
  for (const Type* alternative : type.variant->alternatives) {
    std::string each = expectation(*alternative).substr(kMust.size());
    if (std::find(expectations.begin(), expectations.end(), each) == expectations.end()) {
      expectations.push_back(std::move(each));
    }
  }
  std::string text(kMust);
  for (const std::string& each : expectations) text += (&each == &expectations.front() ? "" : ", or ") + each;
  return text;
}

std::string enumeration_from_text(const Type& type, std::string_view text, void* object) {
  const Enumeration& enumeration = type.enumeration();
  if (const Enumerator* found = enumeration.find(text)) {
    set_integer_value(type, object, found->value);
    return {};
  }
  std::string problem = expectation(type);
  std::vector<std::string_view> names;
  for (const Enumerator& enumerator : enumeration.enumerators) names.push_back(enumerator.name);
  if (const auto near = nearest(text, names)) problem += "; did you mean " + std::string(*near) + "?";
  return problem;
}

}  // namespace

NumberError read_number(const Type& type, std::string_view text, void* object) {
  const NumberError grammar = check_number(text);
  if (grammar == NumberError::syntax) return grammar;
  if (type.kind == Kind::integer) {
    return grammar == NumberError::none ? read_integer(type, text, object) : read_written_otherwise(type, text, object);
  }
  return type.size == sizeof(float) ? read_floating<float>(text, object) : read_floating<double>(text, object);
}

std::string number_text(long double number) {
  if (number >= 0 && number <= static_cast<long double>(UINT64_MAX)) {
    const auto integer = static_cast<std::uint64_t>(number);
    if (static_cast<long double>(integer) == number) return std::to_string(integer);
  } else if (number < 0 && number >= static_cast<long double>(INT64_MIN)) {
    const auto integer = static_cast<std::int64_t>(number);
    if (static_cast<long double>(integer) == number) return std::to_string(integer);
  }
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, std::end(buffer), static_cast<double>(number)).ptr);
}

std::string expectation(const Type& type) {
  switch (type.kind) {
    case Kind::boolean:
      return "must be true or false";
    case Kind::integer:
      return integer_expectation(type);
    case Kind::number:
      return "must be a number";
    case Kind::string:
      return "must be a string";
    case Kind::text:
      return "must be " + std::string(type.text->expected);
    case Kind::enumeration:
      return enumeration_expectation(type);
    case Kind::object:
    case Kind::map:
      return "must be an object";
    case Kind::sequence:
      return "must be an array";
    case Kind::optional:
      return expectation(*type.element);
    case Kind::variant:
      return variant_expectation(type);
    case Kind::null:
      return "must be null";
    case Kind::any:
      break;
  }
  return "must be a value";
}

std::string from_text(const Type& type, std::string_view text, void* object) {
  switch (type.kind) {
    case Kind::boolean:
      if (text != "true" && text != "false") return expectation(type);
      *static_cast<bool*>(object) = text == "true";
      return {};
    case Kind::integer:  // of one spelling: 1.0 in a path, a key or a variable is another text than 1
      if (check_number(text) != NumberError::none) return expectation(type);
      [[fallthrough]];
    case Kind::number:
      return read_number(type, text, object) == NumberError::none ? std::string() : expectation(type);
    case Kind::string:
      static_cast<std::string*>(object)->assign(text);
      return {};
    case Kind::text:
      return type.text->parse(text, object) ? std::string() : expectation(type);
    case Kind::enumeration:
      return enumeration_from_text(type, text, object);
    default:
      break;
  }
  MARTY_CHECK(is_scalar(type.kind));
  return {};
}

void to_text(const Type& type, const void* object, std::string& out) {
  char buffer[32];
  const auto append = [&](std::to_chars_result result) { out.append(buffer, result.ptr); };
  switch (type.kind) {
    case Kind::boolean:
      out += *static_cast<const bool*>(object) ? "true" : "false";
      return;
    case Kind::integer: {
      const std::int64_t value = integer_value(type, object);
      return append(type.is_signed ? std::to_chars(buffer, std::end(buffer), value)
                                   : std::to_chars(buffer, std::end(buffer), static_cast<std::uint64_t>(value)));
    }
    case Kind::number:
      return append(type.size == sizeof(float)
                        ? std::to_chars(buffer, std::end(buffer), *static_cast<const float*>(object))
                        : std::to_chars(buffer, std::end(buffer), *static_cast<const double*>(object)));
    case Kind::string:
      out += *static_cast<const std::string*>(object);
      return;
    case Kind::text:
      if (type.text->append == nullptr)
        throw Error(Code::internal, "a " + std::string(type.name) + " is never written, and something tries to");
      return type.text->append(out, object);
    case Kind::enumeration: {
      const Enumerator* enumerator = type.enumeration().find(integer_value(type, object));
      if (enumerator == nullptr) {
        throw Error(Code::internal, "an object of enum " + std::string(type.name) + " holds " +
                                        std::to_string(integer_value(type, object)) + ", which has no name");
      }
      out += enumerator->name;
      return;
    }
    default:
      MARTY_CHECK(is_scalar(type.kind));
  }
}

}  // namespace marty::reflect
