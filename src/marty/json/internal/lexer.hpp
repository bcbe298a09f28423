// Lexer: the tokens of JSON (RFC 8259), shared by the typed reader, Value and skipping. Every function gives false
// after a syntax error, which is then at `error_position()` with `error_message()`; the text needs no padding and no
// end mark.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "marty/json/internal/scan.hpp"

namespace marty::json::internal {

class Lexer {
 public:
  Lexer(std::string_view text, std::size_t max_depth)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), depth_left_(max_depth) {}

  // The next character behind white space, or '\0' at the end. Nothing is consumed but the white space.
  char peek() {
    if (p_ != end_ && static_cast<unsigned char>(*p_) > ' ') [[likely]]
      return *p_;
    return peek_slowly();
  }
  // The next character itself, or '\0' at the end.
  char current() const { return p_ != end_ ? *p_ : '\0'; }

  // Consumes `c` if it is next, behind white space.
  bool accept(char c) {
    if (peek() != c || c == '\0') return false;
    ++p_;
    return true;
  }
  // As accept(), but anything else is a syntax error: "expected ...".
  bool expect(char c, const char* expected) { return accept(c) || fail(expected); }
  // Consumes `text` if it is next, without looking for white space.
  bool accept_text(std::string_view text) {
    if (static_cast<std::size_t>(end_ - p_) < text.size() || !same_bytes(p_, text.data(), text.size())) return false;
    p_ += text.size();
    return true;
  }

  // Into and out of an array or object: bounded depth. REQUIRES that peek() gave its opening bracket.
  bool enter() {
    if (depth_left_ == 0) return fail("the value is nested too deeply");
    --depth_left_;
    ++p_;
    return true;
  }
  void leave() { ++depth_left_; }

  // A string with its escapes resolved. `text` points into the input or into a buffer that the next string reuses.
  bool string(std::string_view& text) {
    if (peek() != '"') [[unlikely]]
      return fail("expected a string");
    const char* const begin = p_ + 1;
    const char* const stop = find_special(begin, end_);
    if (stop == end_ || *stop != '"') [[unlikely]]
      return string_slowly(begin, stop, text);
    text = std::string_view(begin, static_cast<std::size_t>(stop - begin));
    p_ = stop + 1;
    return true;
  }

  // The text of a number, and whether it has neither fraction nor exponent.
  bool number(std::string_view& text, bool& integral);
  // Up to 18 digits with a sign, when that is the whole token: true. Otherwise nothing is consumed.
  bool short_integer(std::int64_t& value);
  // "true", "false", "null".
  bool literal(std::string_view word);

  // Any value, checked and thrown away.
  bool skip();
  // Nothing but white space may be left.
  bool finish() { return (peek() == '\0' && p_ == end_) || fail("expected the end of the text"); }

  // Stops with an error at the present position.
  bool fail(const char* message);
  const char* error_message() const { return error_message_; }
  // "line 3, column 14".
  std::string error_position() const;

  // For looking ahead.
  const char* position() const { return p_; }
  void rewind(const char* position) { p_ = position; }

 private:
  char peek_slowly();
  bool string_slowly(const char* begin, const char* stop, std::string_view& text);
  bool escape();
  bool unicode_escape();
  bool four_hex_digits(unsigned& value);
  bool skip_array();
  bool skip_object();

  const char* begin_;
  const char* p_;
  const char* end_;
  std::size_t depth_left_;
  std::string buffer_;
  const char* error_message_ = nullptr;
};

inline bool Lexer::short_integer(std::int64_t& value) {
  const char* p = p_;
  const bool negative = p != end_ && *p == '-';
  if (negative) ++p;
  const char* const digits = p;
  const char* const stop = end_ - p > 18 ? p + 18 : end_;  // 18 digits always fit
  std::int64_t magnitude = 0;
  while (p != stop && static_cast<unsigned>(*p - '0') <= 9) magnitude = magnitude * 10 + (*p++ - '0');
  if (p == digits || (*digits == '0' && p - digits > 1)) return false;
  if (p != end_ && static_cast<unsigned>(*p - '0') <= 9) return false;
  if (p != end_ && (*p == '.' || *p == 'e' || *p == 'E')) return false;
  value = negative ? -magnitude : magnitude;
  p_ = p;
  return true;
}

}  // namespace marty::json::internal
