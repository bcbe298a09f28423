#include "marty/json/internal/lexer.hpp"

#include <algorithm>

#include "marty/base/encoding.hpp"
#include "marty/base/strings.hpp"

namespace marty::json::internal {
namespace {

bool is_digit(char c) { return static_cast<unsigned>(c - '0') <= 9; }

void append_utf8(std::string& out, unsigned code_point) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3F));
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
}

}  // namespace

char Lexer::peek_slowly() {
  while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  return p_ != end_ ? *p_ : '\0';
}

bool Lexer::fail(const char* message) {
  if (error_message_ == nullptr) error_message_ = p_ == end_ ? "the text ends too early" : message;
  return false;
}

std::string Lexer::error_position() const {
  const std::string_view before(begin_, static_cast<std::size_t>(p_ - begin_));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

bool Lexer::literal(std::string_view word) { return accept_text(word) || fail("expected a value"); }

bool Lexer::number(std::string_view& text, bool& integral) {
  const char* const begin = p_;
  const auto digits = [&] {
    const char* const first = p_;
    while (p_ != end_ && is_digit(*p_)) ++p_;
    return p_ != first;
  };
  integral = true;
  if (current() == '-') ++p_;
  if (current() == '0') {
    ++p_;
    if (is_digit(current())) return fail("a number must not start with 0");
  } else if (!digits()) {
    return fail("expected a value");
  }
  if (current() == '.') {
    ++p_;
    integral = false;
    if (!digits()) return fail("expected a digit");
  }
  if (current() == 'e' || current() == 'E') {
    ++p_;
    integral = false;
    if (current() == '+' || current() == '-') ++p_;
    if (!digits()) return fail("expected a digit");
  }
  text = std::string_view(begin, static_cast<std::size_t>(p_ - begin));
  return true;
}

bool Lexer::string_slowly(const char* begin, const char* stop, std::string_view& text) {
  buffer_.clear();
  bool copied = false, ascii = true;
  p_ = begin;
  for (;; stop = find_special(stop, end_)) {
    if (stop == end_) {
      p_ = end_;
      return fail("the string does not end");
    }
    const char c = *stop;
    if (static_cast<signed char>(c) < 0) {
      ascii = false;
      ++stop;
    } else if (c == '"') {
      break;
    } else if (c != '\\') {
      p_ = stop;
      return fail("a control character in a string must be escaped");
    } else {
      buffer_.append(p_, stop);
      copied = true;
      p_ = stop;
      if (!escape()) return false;
      stop = p_;
    }
  }
  const std::string_view rest(p_, static_cast<std::size_t>(stop - p_));
  if (copied) buffer_.append(rest);
  text = copied ? std::string_view(buffer_) : rest;
  if (!ascii && !is_utf8(text)) return fail("the string is not valid UTF-8");
  p_ = stop + 1;
  return true;
}

bool Lexer::escape() {
  ++p_;
  const char c = current();
  constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t i = kNames.find(c); i != std::string_view::npos && p_ != end_) {
    buffer_ += kMeanings[i];
    ++p_;
    return true;
  }
  return c == 'u' ? unicode_escape() : fail("no such escape in a string");
}

bool Lexer::unicode_escape() {
  unsigned unit = 0;
  if (!four_hex_digits(unit)) return false;
  if (unit >= 0xDC00 && unit <= 0xDFFF) return fail("half of a surrogate pair in a string");
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    unsigned low = 0;
    if (!accept_text("\\")) return fail("half of a surrogate pair in a string");
    if (current() != 'u') return fail("half of a surrogate pair in a string");
    if (!four_hex_digits(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair in a string");
    unit = 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00);
  }
  append_utf8(buffer_, unit);
  return true;
}

// Behind the 'u' that stands at the present position.
bool Lexer::four_hex_digits(unsigned& value) {
  ++p_;
  value = 0;
  for (int i = 0; i < 4; ++i, ++p_) {
    const int digit = hex_digit(current());
    if (digit < 0) return fail("expected four hexadecimal digits");
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return true;
}

bool Lexer::skip() {
  std::string_view text;
  bool integral = false;
  switch (peek()) {
    case '{':
      return skip_object();
    case '[':
      return skip_array();
    case '"':
      return string(text);
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number(text, integral);
  }
}

bool Lexer::skip_array() {
  if (!enter()) return false;
  if (!accept(']')) {
    do {
      if (!skip()) return false;
    } while (accept(','));
    if (!expect(']', "expected ',' or ']'")) return false;
  }
  leave();
  return true;
}

bool Lexer::skip_object() {
  if (!enter()) return false;
  if (!accept('}')) {
    std::string_view name;
    do {
      if (!string(name) || !expect(':', "expected ':'") || !skip()) return false;
    } while (accept(','));
    if (!expect('}', "expected ',' or '}'")) return false;
  }
  leave();
  return true;
}

}  // namespace marty::json::internal
