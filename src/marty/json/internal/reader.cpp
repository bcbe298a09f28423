#include "marty/json/internal/reader.hpp"

#include <array>
#include <memory>

#include "marty/base/strings.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::json::internal {

using reflect::Field;
using reflect::Kind;
using reflect::NumberError;
using reflect::Object;

namespace {

const char* token_name(char first) {
  switch (first) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "an array";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

bool Reader::read_document(const Type& type, void* object) {
  const Path root;
  if (read(type, object, root) && lexer_.finish()) return true;
  if (lexer_.error_message() != nullptr) {
    problems_.add(root, lexer_.error_position() + ": " + lexer_.error_message());
  }
  return false;
}

bool Reader::read(const Type& type, void* object, const Path& path) {
  switch (type.kind) {
    case Kind::string: {
      std::string_view text;
      if (lexer_.peek() != '"') return refuse_type(type, path);
      if (!lexer_.string(text)) return false;
      *static_cast<std::string*>(object) = std::string(text);  // cheaper than growing an empty one
      return true;
    }
    case Kind::boolean:
      return read_boolean(type, object, path);
    case Kind::integer:
    case Kind::number:
      return read_number(type, object, path);
    case Kind::text:
    case Kind::enumeration:
      return read_text(type, object, path);
    case Kind::object:
      return read_object(type, object, path);
    case Kind::sequence:
      return read_sequence(type, object, path);
    case Kind::map:
      return read_map(type, object, path);
    case Kind::optional:
      return read_optional(type, object, path);
    case Kind::variant:
      return read_variant(type, object, path);
    case Kind::null:
      return lexer_.peek() == 'n' ? lexer_.literal("null") : refuse_type(type, path);
    case Kind::any:
      break;
  }
  return read_any(*static_cast<Value*>(object), path);
}

bool Reader::read_boolean(const Type& type, void* object, const Path& path) {
  const char first = lexer_.peek();
  if (first != 't' && first != 'f') return refuse_type(type, path);
  if (!lexer_.literal(first == 't' ? "true" : "false")) return false;
  *static_cast<bool*>(object) = first == 't';
  return true;
}

bool Reader::read_number(const Type& type, void* object, const Path& path) {
  const char first = lexer_.peek();
  if (first != '-' && (first < '0' || first > '9')) return refuse_type(type, path);
  std::int64_t value = 0;
  if (type.kind == Kind::integer && lexer_.short_integer(value)) [[likely]] {
    reflect::set_integer_value(type, object, value);
    if (reflect::integer_value(type, object) == value && (value >= 0 || type.is_signed)) return true;
    return report(path, reflect::expectation(type));
  }
  std::string_view text;
  bool integral = false;
  if (!lexer_.number(text, integral)) return false;
  switch (reflect::read_number(type, text, object)) {
    case NumberError::none:
      return true;
    case NumberError::fraction:
      return report(path, reflect::expectation(type) + ", without fraction");
    default:
      return report(path, type.kind == Kind::number ? "is too large for a number" : reflect::expectation(type));
  }
}

bool Reader::read_text(const Type& type, void* object, const Path& path) {
  std::string_view text;
  if (lexer_.peek() != '"') return refuse_type(type, path);
  if (!lexer_.string(text)) return false;
  if (type.kind == Kind::text && type.text->parse(text, object)) [[likely]]
    return true;
  std::string problem = reflect::from_text(type, text, object);
  return problem.empty() || report(path, std::move(problem));
}

bool Reader::read_sequence(const Type& type, void* object, const Path& path) {
  if (lexer_.peek() != '[') return refuse_type(type, path);
  if (!lexer_.enter()) return false;
  const std::size_t fixed_size = type.sequence->fixed_size;
  if (fixed_size == 0) type.sequence->clear(object);
  std::size_t count = 0;
  if (!lexer_.accept(']')) {
    do {
      if (!read_element(type, object, count++, path)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect(']', "expected ',' or ']'")) return false;
  }
  lexer_.leave();
  if (fixed_size == 0 || count == fixed_size) return true;
  return report(path, "must have exactly " + std::to_string(fixed_size) + " items");
}

bool Reader::read_element(const Type& type, void* object, std::size_t index, const Path& path) {
  const Path step{&path, {}, index};
  if (!count_item(step)) return false;
  const std::size_t fixed_size = type.sequence->fixed_size;
  if (fixed_size == 0) return read(*type.element, type.sequence->append(object), step);
  return index < fixed_size ? read(*type.element, type.sequence->at(object, index), step) : lexer_.skip();
}

bool Reader::read_map(const Type& type, void* object, const Path& path) {
  if (lexer_.peek() != '{') return refuse_type(type, path);
  if (!lexer_.enter()) return false;
  type.map->clear(object);
  if (!lexer_.accept('}')) {
    do {
      if (!read_map_entry(type, object, path)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect('}', "expected ',' or '}'")) return false;
  }
  lexer_.leave();
  return true;
}

bool Reader::read_map_entry(const Type& type, void* object, const Path& path) {
  std::string_view text;
  if (!lexer_.string(text)) return false;
  const std::string name(text);  // the value's strings reuse the lexer's buffer
  const Path step{&path, name};
  if (!lexer_.expect(':', "expected ':'") || !count_item(step)) return false;

  const Type& key_type = *type.map->key;
  std::unique_ptr<char[]> key(new char[key_type.size]);
  key_type.construct(key.get());
  std::string problem = reflect::from_text(key_type, name, key.get());
  void* const value = problem.empty() ? type.map->insert(object, key.get()) : nullptr;
  key_type.destroy(key.get());
  if (!problem.empty()) return refuse(step, "the name " + problem);
  if (value == nullptr) return refuse(step, "appears twice");
  return read(*type.element, value, step);
}

bool Reader::read_optional(const Type& type, void* object, const Path& path) {
  if (lexer_.peek() == 'n') {
    type.optional->reset(object);
    return lexer_.literal("null");
  }
  return read(*type.element, type.optional->emplace(object), path);
}

// What was seen of an object so far.
struct Reader::Progress {
  static constexpr std::size_t kMaxFields = 256;

  std::array<std::uint64_t, kMaxFields / 64> seen;
  std::size_t next = 0;  // the field that follows the last one, which is the best guess for the next name
  bool tagged = false;

  explicit Progress(std::size_t words) {
    for (std::size_t i = 0; i < words; ++i) seen[i] = 0;
  }
  // Whether it was seen before.
  bool see(std::size_t index) {
    const std::uint64_t bit = std::uint64_t{1} << index % 64, before = seen[index / 64];
    seen[index / 64] = before | bit;
    next = index + 1;
    return (before & bit) != 0;
  }
};

bool Reader::read_object(const Type& type, void* object, const Path& path) {
  if (lexer_.peek() != '{') return refuse_type(type, path);
  if (!lexer_.enter()) return false;
  const Object& shape = type.object();
  Progress progress(shape.required.size());
  const std::size_t problems_before = problems_.size();
  if (!lexer_.accept('}')) {
    do {
      if (!read_member(shape, object, path, progress)) return false;
    } while (lexer_.accept(','));
    if (!lexer_.expect('}', "expected ',' or '}'")) return false;
  }
  lexer_.leave();
  report_missing(shape, progress, path);
  if (problems_.size() == problems_before) reflect::check_object(shape, object, path, problems_);
  return !problems_.full();
}

bool Reader::read_member(const Object& shape, void* object, const Path& path, Progress& progress) {
  lexer_.peek();
  if (progress.next < shape.fields.size()) {
    const Field& guess = shape.fields[progress.next];
    if (lexer_.accept_text(guess.quoted.substr(1))) [[likely]] {
      if (progress.see(progress.next)) return refuse(Path{&path, guess.name}, "appears twice");
      return read_field(guess, object, path);
    }
  }
  std::string_view name;
  if (!lexer_.string(name)) return false;
  const Field* const field = shape.find(name);
  if (field == nullptr && !(name == shape.tag_name && !shape.tag.empty())) return refuse_unknown(shape, name, path);
  if (!lexer_.expect(':', "expected ':'")) return false;
  const Path step{&path, field != nullptr ? field->name : shape.tag_name};
  const bool repeated =
      field != nullptr ? progress.see(static_cast<std::size_t>(field - shape.fields.data())) : progress.tagged;
  if (repeated) return refuse(step, "appears twice");
  if (field != nullptr) return read_field(*field, object, path);
  progress.tagged = true;
  return read_tag(shape, step);
}

bool Reader::read_field(const Field& field, void* object, const Path& path) {
  const Path step{&path, field.name};
  if (field.read_only && view_ == View::request) return refuse(step, "is read-only: leave it out");
  const std::size_t problems_before = problems_.size();
  if (!read(*field.type, field.in(object), step)) return false;
  if (field.rules != nullptr && problems_.size() == problems_before) {
    reflect::check_rules(*field.rules, *field.type, field.in(object), step, problems_);
  }
  return problems_.size() == problems_before || !problems_.full();
}

bool Reader::read_tag(const Object& shape, const Path& path) {
  std::string_view tag;
  if (lexer_.peek() != '"') return refuse(path, "must be \"" + std::string(shape.tag) + "\"");
  if (!lexer_.string(tag)) return false;
  return tag == shape.tag || report(path, "must be \"" + std::string(shape.tag) + "\"");
}

bool Reader::refuse_unknown(const Object& shape, std::string_view name, const Path& path) {
  const std::string kept(name);  // skipping the value reuses the lexer's buffer
  if (!lexer_.expect(':', "expected ':'")) return false;
  std::string problem = "is not a known field";
  std::vector<std::string_view> names;
  for (const Field& field : shape.fields) names.push_back(field.name);
  if (const auto near = nearest(kept, names)) problem += "; did you mean " + std::string(*near) + "?";
  return refuse(Path{&path, kept}, std::move(problem));
}

void Reader::report_missing(const Object& shape, const Progress& progress, const Path& path) {
  if (!shape.tag.empty() && !progress.tagged) problems_.add(Path{&path, shape.tag_name}, "is required");
  for (std::size_t word = 0; word < shape.required.size(); ++word) {
    std::uint64_t missing = shape.required[word] & ~progress.seen[word];
    for (; missing != 0; missing &= missing - 1) {
      const Field& field = shape.fields[word * 64 + static_cast<std::size_t>(__builtin_ctzll(missing))];
      const bool not_expected =
          (field.read_only && view_ == View::request) || (field.write_only && view_ == View::response);
      if (!not_expected) problems_.add(Path{&path, field.name}, "is required");
    }
  }
}

bool Reader::refuse(const Path& path, std::string problem) {
  // Reported first: what is skipped may hold a syntax error, which ends the list.
  return report(path, std::move(problem)) && lexer_.skip();
}

bool Reader::refuse_type(const Type& type, const Path& path) {
  const char first = lexer_.current();
  if (!lexer_.skip()) return false;  // no value at all: that is the error
  return report(path, reflect::expectation(type) + ", not " + token_name(first));
}

bool Reader::report(const Path& path, std::string problem) {
  problems_.add(path, std::move(problem));
  return !problems_.full();
}

bool Reader::count_item(const Path& path) {
  if (items_left_-- != 0) [[likely]]
    return true;
  problems_.add(path, "is one item too many: the document is too large");
  return false;
}

}  // namespace marty::json::internal
