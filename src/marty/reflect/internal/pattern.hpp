// Pattern: a compiled regular expression (RE2: linear time, so safe on any input).
#pragma once

#include <string_view>

namespace marty::reflect {

class Pattern {
 public:
  // Throws Error(internal) with the reason if `expression` is no regular expression.
  explicit Pattern(std::string_view expression);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Whether it is found anywhere in `text`. Thread-safe.
  bool found_in(std::string_view text) const;

 private:
  struct Compiled;
  Compiled* compiled_;
};

}  // namespace marty::reflect
