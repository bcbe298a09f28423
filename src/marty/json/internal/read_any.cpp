// The part of Reader that builds a free-form Value.
#include <algorithm>

#include "marty/json/internal/reader.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::json::internal {

namespace {

// Free-form JSON may repeat a name (RFC 8259 section 4); as in most parsers the last one counts.
void keep_last_of_each_name(Value::Object& members) {
  std::vector<std::pair<std::string_view, std::size_t>> names;
  for (std::size_t i = 0; i < members.size(); ++i) names.emplace_back(members[i].name, i);
  std::sort(names.begin(), names.end());
  std::vector<bool> repeated(members.size());
  bool any = false;
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i].first == names[i - 1].first) any = repeated[names[i - 1].second] = true;
  }
  if (!any) return;
  Value::Object kept;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!repeated[i]) kept.push_back(std::move(members[i]));
  }
  members = std::move(kept);
}

}  // namespace

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
  const auto read_as = [&]<class Number>(Number number) {
    if (reflect::read_number(reflect::type_of<Number>(), text, &number) != reflect::NumberError::none) return false;
    value = number;
    return true;
  };
  integral = integral && text != "-0";  // no integer is minus zero
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
      Value::Member& member = members.emplace_back(Value::Member{std::string(text), {}});
      const Path step{&path, member.name};
      if (!lexer_.expect(':', "expected ':'") || !count_item(step) || !read_any(member.value, step)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect('}', "expected ',' or '}'")) return false;
  }
  lexer_.leave();

  keep_last_of_each_name(members);
  value = std::move(members);
  return true;
}

}  // namespace marty::json::internal
