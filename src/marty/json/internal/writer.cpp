#include "marty/json/internal/writer.hpp"

#include <charconv>
#include <cmath>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/json/internal/scan.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::json::internal {

using reflect::Field;
using reflect::Kind;
using reflect::Object;

namespace {

constexpr std::size_t kNumberSize = 32;  // the longest: -2.2250738585072014e-308 and 20 digits

// Writes what most decimals are, a number with at most three places such as 12.5, a tenth as dear as std::to_chars()
// and with the same digits: no two decimals of up to 15 digits are the same double, so the one that is `value` is also
// the shortest. Null for any other number.
char* put_short_decimal(char* p, double value) {
  const double thousandths = std::round(value * 1000);
  if (!(std::abs(thousandths) < 1e15) || thousandths / 1000 != value) return nullptr;
  const auto digits = static_cast<std::uint64_t>(std::abs(thousandths));
  const std::uint64_t whole = digits / 1000, places = digits % 1000;
  if (places == 0) return nullptr;  // -0, 1e+20
  if (value < 0) *p++ = '-';
  p = std::to_chars(p, p + kNumberSize, whole).ptr;
  *p++ = '.';
  *p++ = static_cast<char>('0' + places / 100);
  if (places % 100 == 0) return p;
  *p++ = static_cast<char>('0' + places / 10 % 10);
  if (places % 10 == 0) return p;
  *p++ = static_cast<char>('0' + places % 10);
  return p;
}

}  // namespace

void Writer::write(const Type& type, const void* object) {
  void* const accessed = const_cast<void*>(object);  // the tables have one accessor for reading and writing
  switch (type.kind) {
    case Kind::string:
      return write_string(*static_cast<const std::string*>(object));
    case Kind::boolean:
      return buffer_.append(*static_cast<const bool*>(object) ? "true" : "false");
    case Kind::integer:
      return write_integer(type, object);
    case Kind::number:
      return write_number(type, object);
    case Kind::text:
    case Kind::enumeration:
      return write_text(type, object);
    case Kind::object:
      return write_object(type, object);
    case Kind::sequence:
      return write_sequence(type, object);
    case Kind::map:
      return write_map(type, object);
    case Kind::optional:
      if (const void* value = type.optional->get(accessed)) return write(*type.element, value);
      return buffer_.append("null");
    case Kind::variant:
      return write(*type.variant->alternatives[type.variant->index(object)], type.variant->get(accessed));
    case Kind::null:
      return buffer_.append("null");
    case Kind::any:
      return write_any(*static_cast<const Value*>(object));
  }
}

void Writer::write_integer(const Type& type, const void* object) {
  char* const p = buffer_.reserve(kNumberSize);
  const std::int64_t value = reflect::integer_value(type, object);
  const bool wide_unsigned = !type.is_signed && value < 0;
  buffer_.advance_to(wide_unsigned ? std::to_chars(p, p + kNumberSize, static_cast<std::uint64_t>(value)).ptr
                                   : std::to_chars(p, p + kNumberSize, value).ptr);
}

void Writer::write_number(const Type& type, const void* object) {
  if (type.size == sizeof(double)) return write_double(*static_cast<const double*>(object));
  const float value = *static_cast<const float*>(object);
  if (!std::isfinite(value)) return write_double(static_cast<double>(value));
  char* const p = buffer_.reserve(kNumberSize);
  buffer_.advance_to(std::to_chars(p, p + kNumberSize, value).ptr);
}

void Writer::write_double(double value) {
  if (!std::isfinite(value))
    throw Error(Code::internal, "JSON has no NaN and no infinity: a number to be written is one");
  char* const p = buffer_.reserve(kNumberSize);
  char* const short_end = put_short_decimal(p, value);
  buffer_.advance_to(short_end != nullptr ? short_end : std::to_chars(p, p + kNumberSize, value).ptr);
}

void Writer::write_string(std::string_view text) {
  char* const p = buffer_.reserve(text.size() + 2);
  const char* const end = text.data() + text.size();
  if (find_special(text.data(), end) != end) [[unlikely]]
    return write_string_slowly(text);
  *p = '"';
  text.copy(p + 1, text.size());  // which takes a text without any bytes: an empty Secret reveals one
  p[text.size() + 1] = '"';
  buffer_.advance_to(p + text.size() + 2);
}

void Writer::write_string_slowly(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  buffer_.append('"');
  while (!text.empty()) {
    const std::size_t plain =
        static_cast<std::size_t>(find_special(text.data(), text.data() + text.size()) - text.data());
    buffer_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t used = 1;
    if (c >= 0x80) {
      used = utf8_length(text);
      buffer_.append(used != 0 ? text.substr(0, used) : "\xEF\xBF\xBD");
      if (used == 0) used = 1;
    } else if (c == '"' || c == '\\') {
      const char escaped[] = {'\\', static_cast<char>(c)};
      buffer_.append(std::string_view(escaped, 2));
    } else if (c == '\n') {
      buffer_.append("\\n");
    } else if (c == '\t') {
      buffer_.append("\\t");
    } else if (c == '\r') {
      buffer_.append("\\r");
    } else {
      const char escaped[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      buffer_.append(std::string_view(escaped, 6));
    }
    text.remove_prefix(used);
  }
  buffer_.append('"');
}

void Writer::write_text(const Type& type, const void* object) {
  if (type.kind == Kind::text && type.text->plain && type.text->append != nullptr) {
    buffer_.append('"');
    type.text->append(buffer_.close(), object);
    buffer_.open();
    return buffer_.append('"');
  }
  std::string text;
  reflect::to_text(type, object, text);
  write_string(text);
}

void Writer::write_object(const Type& type, const void* object) {
  const Object& shape = type.object();
  buffer_.append('{');
  bool first = true;
  if (!shape.tag.empty()) {
    write_string(shape.tag_name);
    buffer_.append(':');
    write_string(shape.tag);
    first = false;
  }
  for (const Field& field : shape.fields) {
    const void* value = field.in(object);
    const Type* value_type = field.type;
    if (field.write_only && view_ == View::response) continue;
    if (field.read_only && view_ == View::request) continue;
    if (value_type->kind == Kind::optional) {
      value = value_type->optional->get(const_cast<void*>(value));
      if (value == nullptr) continue;
      value_type = value_type->element;
    }
    buffer_.append(field.quoted.substr(first));
    first = false;
    write(*value_type, value);
  }
  buffer_.append('}');
}

void Writer::write_sequence(const Type& type, const void* object) {
  buffer_.append('[');
  const std::size_t size = type.sequence->size(object);
  for (std::size_t i = 0; i < size; ++i) {
    if (i != 0) buffer_.append(',');
    write(*type.element, type.sequence->at(const_cast<void*>(object), i));
  }
  buffer_.append(']');
}

void Writer::write_map(const Type& type, const void* object) {
  struct Visit {
    Writer& self;
    const Type& type;
    bool first = true;
  } visit{*this, type};
  buffer_.append('{');
  type.map->for_each(object, &visit, [](void* context, const void* key, const void* value) {
    Visit& here = *static_cast<Visit*>(context);
    if (!here.first) here.self.buffer_.append(',');
    here.first = false;
    std::string name;
    reflect::to_text(*here.type.map->key, key, name);
    here.self.write_string(name);
    here.self.buffer_.append(':');
    here.self.write(*here.type.element, value);
  });
  buffer_.append('}');
}

void Writer::write_any(const Value& value) {
  if (value.is_null()) return buffer_.append("null");
  if (value.is_boolean()) return buffer_.append(value.as_boolean() ? "true" : "false");
  if (value.is_string()) return write_string(value.as_string());
  if (value.is_array()) {
    buffer_.append('[');
    for (const Value& element : value.as_array()) {
      if (&element != value.as_array().data()) buffer_.append(',');
      write_any(element);
    }
    return buffer_.append(']');
  }
  if (value.is_object()) {
    buffer_.append('{');
    for (const Value::Member& member : value.as_object()) {
      if (&member != value.as_object().data()) buffer_.append(',');
      write_string(member.name);
      buffer_.append(':');
      write_any(member.value);
    }
    return buffer_.append('}');
  }
  if (!value.is_integer()) return write_double(value.as_number());
  char* const p = buffer_.reserve(kNumberSize);
  buffer_.advance_to(value.fits_signed() ? std::to_chars(p, p + kNumberSize, value.as_integer()).ptr
                                         : std::to_chars(p, p + kNumberSize, value.as_unsigned()).ptr);
}

}  // namespace marty::json::internal
