// Walks over name=value pairs as they stand in a query string, a urlencoded form or a Cookie header. Input is
// untrusted; nothing throws.
//
//   for (PairReader pairs = query_pairs("q=rex&tag=a&tag=b"); auto pair = pairs.next();) use(pair->name, pair->value);
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace marty::web {

// Views into the text, or into the reader's buffers until its next call.
struct Pair {
  std::string_view name;
  std::string_view value;
  bool valid = true;  // percent-encoding and UTF-8 are right
};

// See above.
class PairReader {
 public:
  enum class Syntax : unsigned char { urlencoded, cookie };
  PairReader(std::string_view text, Syntax syntax) : rest_(text), syntax_(syntax) {}
  std::optional<Pair> next();

 private:
  std::optional<Pair> next_cookie();
  std::string_view rest_;
  Syntax syntax_;
  std::string name_, value_;
};

// "a=1&b=x+y" (WHATWG URL, section 5.1): '+' is a space, %XX a byte, empty pairs are skipped.
inline PairReader query_pairs(std::string_view query) { return {query, PairReader::Syntax::urlencoded}; }
// "session=abc; theme=dark" (RFC 6265 section 5.4); values lose their surrounding quotes, nothing is decoded.
inline PairReader cookie_pairs(std::string_view header) { return {header, PairReader::Syntax::cookie}; }

}  // namespace marty::web
