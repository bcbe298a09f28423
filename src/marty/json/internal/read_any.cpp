// The part of Reader that builds a free-form Value.
#include <algorithm>
#include <charconv>

#include "marty/json/internal/reader.hpp"
#include "marty/json/value.hpp"

namespace marty::json::internal {

bool Reader::read_any(Value& value, const Path& path) {
  const char first = lexer_.peek();
  std::string_view text;
  switch (first) {
    case '{':
      return read_any_object(value, path);
    case '[':
      return read_any_array(value, path);
    case '"':
      if (!lexer_.string(text)) return false;
      value = text;
      return true;
    case 't':
    case 'f':
      value = first == 't';
      return lexer_.literal(first == 't' ? "true" : "false");
    case 'n':
      value = nullptr;
      return lexer_.literal("null");
    default:
      return read_any_number(value, path);
  }
}

bool Reader::read_any_number(Value& value, const Path& path) {
  std::string_view text;
  bool integral = false;
  if (!lexer_.number(text, integral)) return false;
  const auto read_as = [&](auto number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    value = number;
    return true;
  };
  if (integral && (read_as(std::int64_t{}) || read_as(std::uint64_t{}))) return true;
  return read_as(double{}) || report(path, "is too large for a number");
}

bool Reader::read_any_array(Value& value, const Path& path) {
  if (!lexer_.enter()) return false;
  Value::Array elements;
  if (!lexer_.accept(']')) {
    do {
      const Path step{&path, {}, elements.size()};
      if (!count_item(step) || !read_any(elements.emplace_back(), step)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect(']', "expected ',' or ']'")) return false;
  }
  lexer_.leave();
  value = std::move(elements);
  return true;
}

bool Reader::read_any_object(Value& value, const Path& path) {
  if (!lexer_.enter()) return false;
  Value::Object members;
  if (!lexer_.accept('}')) {
    do {
      std::string_view text;
      if (!lexer_.string(text)) return false;
      const std::string name(text);
      const Path step{&path, name};
      if (!lexer_.expect(':', "expected ':'") || !count_item(step)) return false;
      if (!read_any(members.emplace_back(Value::Member{name, {}}).value, step)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect('}', "expected ',' or '}'")) return false;
  }
  lexer_.leave();

  std::vector<std::string_view> names;
  for (const Value::Member& member : members) names.push_back(member.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end() && !report(Path{&path, *twice}, "appears twice")) return false;
  value = std::move(members);
  return true;
}

}  // namespace marty::json::internal
