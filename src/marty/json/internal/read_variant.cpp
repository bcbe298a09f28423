// The part of Reader that finds out which alternative of a variant a text means.
#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/json/internal/reader.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::json::internal {

using reflect::Kind;
using reflect::Object;

namespace {

bool begins_number(char first) { return first == '-' || (first >= '0' && first <= '9'); }

// Whether a value that begins with `first` may be of the type.
bool fits(const reflect::Type& type, char first) {
  switch (type.kind) {
    case Kind::boolean:
      return first == 't' || first == 'f';
    case Kind::integer:
    case Kind::number:
      return begins_number(first);
    case Kind::string:
    case Kind::text:
    case Kind::enumeration:
      return first == '"';
    case Kind::map:
    case Kind::object:
      return first == '{';
    case Kind::sequence:
      return first == '[';
    case Kind::null:
      return first == 'n';
    case Kind::optional:
      return first == 'n' || fits(*type.element, first);
    case Kind::variant:
      return std::any_of(type.variant->alternatives.begin(), type.variant->alternatives.end(),
                         [&](const reflect::Type* alternative) { return fits(*alternative, first); });
    case Kind::any:
      break;
  }
  return true;
}

}  // namespace

bool Reader::read_variant(const Type& type, void* object, const Path& path) {
  const auto alternatives = type.variant->alternatives;
  const char first = lexer_.peek();
  std::size_t fitting = 0, scalars = 0, objects = 0, chosen = 0;
  for (std::size_t i = alternatives.size(); i-- > 0;) {
    if (!fits(*alternatives[i], first)) continue;
    ++fitting;
    chosen = i;  // at last the first one that fits
    scalars += reflect::is_scalar(alternatives[i]->kind);
    objects += alternatives[i]->kind == Kind::object;
  }
  if (fitting == 0) return refuse_type(type, path);
  if (scalars > 1 && scalars == fitting) return read_scalar_alternative(type, object, path);
  if (objects > 1) return read_tagged_alternative(type, object, path);
  return read(*alternatives[chosen], type.variant->emplace(object, chosen), path);
}

// Several alternatives share the JSON type: the first one that the text is valid for. What has a point or an exponent
// is no integer where an alternative takes fractions: so a double that was written comes back as one.
bool Reader::read_scalar_alternative(const Type& type, void* object, const Path& path) {
  const char first = lexer_.peek();
  std::string_view text;
  bool integral = false;
  if (!(first == '"' ? lexer_.string(text) : lexer_.number(text, integral))) return false;
  const bool takes_fractions = std::ranges::any_of(
      type.variant->alternatives, [](const reflect::Type* alternative) { return alternative->kind == Kind::number; });
  for (std::size_t i = 0; i < type.variant->alternatives.size(); ++i) {
    const Type& alternative = *type.variant->alternatives[i];
    if (!fits(alternative, first)) continue;
    if (alternative.kind == Kind::integer && !integral && takes_fractions) continue;
    void* const held = type.variant->emplace(object, i);
    if (alternative.kind == Kind::integer ? reflect::read_number(alternative, text, held) == reflect::NumberError::none
                                          : reflect::from_text(alternative, text, held).empty())
      return true;
  }
  return report(path, reflect::expectation(type));
}

bool Reader::read_tagged_alternative(const Type& type, void* object, const Path& path) {
  std::vector<std::string_view> tags;
  std::string_view tag_name;
  for (const Type* alternative : type.variant->alternatives) {
    if (alternative->kind != Kind::object) continue;
    const Object& shape = alternative->object();
    if (shape.tag.empty() || (!tag_name.empty() && tag_name != shape.tag_name)) {
      throw Error(Code::internal, "struct " + std::string(alternative->name) +
                                      " is one of several structs in a variant: each needs a tag, all under one name");
    }
    tag_name = shape.tag_name;
    tags.push_back(shape.tag);
  }
  std::string tag;
  if (!find_tag(tag_name, tag)) return false;
  for (std::size_t i = 0; i < type.variant->alternatives.size(); ++i) {
    const Type& alternative = *type.variant->alternatives[i];
    if (alternative.kind != Kind::object || alternative.object().tag != tag) continue;
    return read(alternative, type.variant->emplace(object, i), path);
  }
  std::string problem = "must be one of ";
  for (std::size_t i = 0; i < tags.size(); ++i) problem += (i == 0 ? "" : ", ") + std::string(tags[i]);
  if (const auto near = nearest(tag, tags)) problem += "; did you mean " + std::string(*near) + "?";
  return refuse(Path{&path, tag_name}, std::move(problem));
}

// Looks ahead for the member that tells the alternative. Gives "" when there is none.
bool Reader::find_tag(std::string_view tag_name, std::string& tag) {
  const char* const begin = lexer_.position();
  if (!lexer_.enter()) return false;
  std::string_view text;
  if (lexer_.peek() != '}') {
    do {
      if (!lexer_.string(text)) return false;
      const bool found = text == tag_name;
      if (!lexer_.expect(':', "expected ':'")) return false;
      if (found && lexer_.peek() == '"') {
        if (!lexer_.string(text)) return false;
        tag = text;
        break;
      }
      if (!lexer_.skip()) return false;
    } while (lexer_.accept(','));
  }
  lexer_.leave();
  lexer_.rewind(begin);
  return true;
}

}  // namespace marty::json::internal
