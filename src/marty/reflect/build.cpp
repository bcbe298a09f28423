// Fills Object and Enumeration from what the compiler printed and from sample objects.
#include <algorithm>
#include <bit>
#include <cstring>
#include <forward_list>
#include <memory>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/reflect/internal/pattern.hpp"
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/type_of.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::reflect::internal {
namespace {

bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The end of the word at `begin`: an identifier, "{anonymous}", or a function with its parameters, "run(int) const".
std::size_t word_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && (is_identifier(text[end]) || text[end] == '{' || text[end] == '}')) ++end;
  if (end == text.size() || text[end] != '(') return end;
  int open = 0;
  do {
    open += (text[end] == '(') - (text[end] == ')');
  } while (++end < text.size() && open > 0);
  return text.substr(end).starts_with(" const") ? end + 6 : end;
}

// "petstore::Page<petstore::Pet>" -> "PagePet": letters and digits of the unqualified names.
std::string short_name(std::string_view qualified) {
  std::string name;
  for (std::size_t begin = 0; begin < qualified.size();) {
    const std::size_t end = word_end(qualified, begin);
    const bool qualifies = qualified.substr(end).starts_with("::");
    if (!qualifies) name += qualified.substr(begin, end - begin);
    begin = end + (qualifies ? 2 : 1);
  }
  return name;
}

// An Object with what its views and pointers stand for. Lives as long as the program once it is built; one that is
// refused goes with all of it.
struct OwningObject : Object {
  std::string_view keep(std::string text) { return texts.emplace_front(std::move(text)); }

  std::forward_list<std::string> texts;
  std::forward_list<Rules> rules;
  std::forward_list<Pattern> patterns;
};

// The same for an Enumeration.
struct OwningEnumeration : Enumeration {
  std::string own_name;
};

// The names of the fields in "... Address<const int*>{(& phantom<...>.Phantom<...>::object.Pet::age)}, ...".
std::vector<std::string_view> field_names(std::string_view list) {
  std::vector<std::string_view> names;
  for (std::size_t end = list.find(kAddressEnd); end != std::string_view::npos;
       end = list.find(kAddressEnd, end + kAddressEnd.size())) {
    std::size_t begin = end;
    while (begin > 0 && is_identifier(list[begin - 1])) --begin;
    names.push_back(list.substr(begin, end - begin));
  }
  return names;
}

// Two samples of one type, default-initialised over storage that was filled with two different bytes. Whatever still
// shows those bytes has no initialiser.
class Samples {
 public:
  explicit Samples(const ObjectSource& source) : type_(*source.type), one_(type_.size), other_(type_.size) {
    fill(one_, kOneFill);
    fill(other_, kOtherFill);
    source.default_initialise(one_.data());
    source.default_initialise(other_.data());
  }
  ~Samples() {
    type_.destroy(one_.data());
    type_.destroy(other_.data());
  }
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  // Whether the value of `type` at `offset` was given no value: see the rule in type_of.hpp.
  bool lacks_value(const Type& type, std::uint32_t offset) const {
    const void* const value = one_.data() + offset;
    switch (type.kind) {
      case Kind::boolean:
      case Kind::integer:
      case Kind::number:
      case Kind::enumeration:
        return uninitialised(type, offset);
      case Kind::string:
        return static_cast<const std::string*>(value)->empty();
      case Kind::text:
        return uninitialised(type, offset) || is_nil(type, value);
      case Kind::object:
        return std::any_of(type.object().fields.begin(), type.object().fields.end(), [&](const Field& field) {
          return field.required && lacks_value(*field.type, offset + field.offset);
        });
      case Kind::sequence:
        return type.sequence->fixed_size != 0 || type.sequence->size(value) == 0;
      case Kind::map:
        return type.map->size(value) == 0;
      case Kind::optional:
        return false;
      case Kind::any:
        return type.is_null(value);
      case Kind::variant:
      case Kind::null:
        break;
    }
    return true;
  }

 private:
  static constexpr unsigned char kOneFill = 0x5A, kOtherFill = 0xA5;

  struct alignas(std::max_align_t) Block {
    unsigned char bytes[alignof(std::max_align_t)];
  };
  class Storage {
   public:
    explicit Storage(std::size_t size) : blocks_(size / sizeof(Block) + 1) {}
    unsigned char* data() { return blocks_.data()->bytes; }
    const unsigned char* data() const { return blocks_.data()->bytes; }
    std::size_t size() const { return blocks_.size() * sizeof(Block); }

   private:
    std::vector<Block> blocks_;
  };

  // The compiler may not know what the bytes are: it would be right to drop stores that no living object reads.
  static void fill(Storage& storage, unsigned char byte) {
    std::memset(storage.data(), byte, storage.size());
    asm volatile("" : : "r"(storage.data()) : "memory");
  }

  bool uninitialised(const Type& type, std::uint32_t offset) const {
    const auto shows = [&](const Storage& storage, unsigned char byte) {
      const unsigned char* const begin = storage.data() + offset;
      return std::all_of(begin, begin + type.size, [&](unsigned char each) { return each == byte; });
    };
    return shows(one_, kOneFill) && shows(other_, kOtherFill);
  }

  static bool is_nil(const Type& type, const void* value) {
    if (type.text->append == nullptr) return true;  // a secret has no default that anybody could read here
    Storage nil(type.size);
    type.construct(nil.data());
    std::string text, nil_text;
    type.text->append(text, value);
    type.text->append(nil_text, nil.data());
    type.destroy(nil.data());
    return text == nil_text;
  }

  const Type& type_;
  Storage one_, other_;
};

[[noreturn]] void refuse(const ObjectSource& source, std::string_view field, const std::string& problem) {
  throw Error(Code::internal,
              "rules of " + std::string(source.type->name) + "::" + std::string(field) + ": " + problem);
}

// What a field says of itself must be true of its own values.
void check_example(const ObjectSource& source, const Field& field) {
  const Example& example = field.rules->example;
  if (example.kind == Example::Kind::none) return;
  const Type& type = field.type->kind == Kind::optional ? *field.type->element : *field.type;
  std::string text(example.text);
  if (example.kind == Example::Kind::boolean) text = example.number != 0 ? "true" : "false";
  if (example.kind == Example::Kind::number) text = number_text(example.number);
  std::unique_ptr<char[]> value(new char[type.size]);  // new char[] is aligned for every fundamental type
  type.construct(value.get());
  std::string problem = from_text(type, text, value.get());
  Problems problems;
  if (problem.empty()) check_rules(*field.rules, type, value.get(), Path{}, problems);
  type.destroy(value.get());
  if (!problems.empty()) problem = problems.errors().front().message;
  if (!problem.empty()) refuse(source, field.name, "the example \"" + text + "\" " + problem);
}

void check_default(const ObjectSource& source, const Field& field) {
  if (field.default_value == nullptr) return;
  Problems problems;
  check_rules(*field.rules, *field.type, field.default_value, Path{}, problems);
  if (!problems.empty()) refuse(source, field.name, "the default value " + problems.errors().front().message);
}

void apply_rules(const ObjectSource& source, const Rules& rules, OwningObject& object, Field& field) {
  Rules& kept = object.rules.emplace_front(rules);
  try {
    if (!rules.pattern.empty()) kept.compiled = &object.patterns.emplace_front(rules.pattern);
  } catch (const Error& error) {
    refuse(source, field.name, error.message());
  }
  if (!rules.name.empty()) field.name = rules.name;
  field.rules = &kept;
  field.required = field.required && !rules.optional;
  field.read_only = rules.read_only;
  field.write_only = rules.write_only;
  field.deprecated = rules.deprecated;
}

void fill_slots(Object& object) {
  object.slots.assign(std::bit_ceil(object.fields.size() * 2 + 2), 0);
  const std::size_t mask = object.slots.size() - 1;
  for (std::size_t i = 0; i < object.fields.size(); ++i) {
    std::size_t slot = Object::hash(object.fields[i].name) & mask;
    while (object.slots[slot] != 0) slot = (slot + 1) & mask;
    object.slots[slot] = static_cast<std::uint16_t>(i + 1);
  }
}

// Whether it stands for itself between the quotes of JSON, as writers and readers take for granted.
bool is_plain_name(std::string_view name) {
  const auto special = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; };
  return is_utf8(name) && std::none_of(name.begin(), name.end(), special);
}

void check_names(const ObjectSource& source, const Object& object) {
  for (const Field& field : object.fields) {
    if (!is_plain_name(field.name)) refuse(source, field.name, "the name would have to be escaped in JSON");
    if (object.find(field.name) != &field) refuse(source, field.name, "two fields have this name");
    if (field.name == object.tag_name) refuse(source, field.name, "a field has the name of the struct's tag");
  }
}

void add_field(const ObjectSource& source, const Samples& samples, std::size_t index, std::string_view name,
               OwningObject& object) {
  const auto [type, offset] = source.fields[index];
  Field field{.name = name,
              .quoted = {},
              .type = type,
              .rules = nullptr,
              .default_value = nullptr,
              .offset = offset,
              .required = samples.lacks_value(*type, offset),
              .read_only = false,
              .write_only = false,
              .deprecated = false};
  const bool lacks_value = field.required;
  for (const RuleEntry& entry : source.rules) {
    if (entry.offset(source.defaults) == offset) apply_rules(source, entry.rules, object, field);
  }
  const Type* held = type;
  while (held->kind == Kind::optional || held->kind == Kind::sequence || held->kind == Kind::map) held = held->element;
  const bool never_written = held->kind == Kind::text && held->text->append == nullptr;
  if (never_written) field.write_only = true;
  if (!lacks_value && type->kind != Kind::optional && !never_written) field.default_value = field.in(source.defaults);
  if (field.rules != nullptr) {
    check_example(source, field);
    check_default(source, field);
  }
  field.quoted = object.keep(",\"" + std::string(field.name) + "\":");
  object.fields.push_back(field);
}

}  // namespace

const Object& build_object(const ObjectSource& source) {
  const std::vector<std::string_view> names = field_names(source.field_list);
  MARTY_CHECK(names.size() == source.fields.size());
  auto object = std::make_unique<OwningObject>();
  object->name = object->keep(short_name(source.type->name));
  object->description = source.about.text;
  object->tag_name = source.tag_name;
  object->tag = source.tag;
  object->check = source.check;
  object->required.resize(names.size() / 64 + 1);
  const Samples samples(source);
  for (std::size_t i = 0; i < names.size(); ++i) {
    add_field(source, samples, i, names[i], *object);
    if (object->fields.back().required) object->required[i / 64] |= std::uint64_t{1} << i % 64;
  }
  fill_slots(*object);
  check_names(source, *object);
  return *object.release();
}

const Enumeration& build_enumeration(const Type& type, std::string_view list, std::int64_t first) {
  auto enumeration = std::make_unique<OwningEnumeration>();
  enumeration->own_name = short_name(type.name);
  enumeration->name = enumeration->own_name;
  // "... [with auto ...Values = {(Color)-1, Color::red, Color::green, (Color)2}; ...]"
  list.remove_prefix(list.find(kListBegin, list.find("Values = ")) + 1);
  list = list.substr(0, list.rfind(kListEnd));
  for (std::int64_t value = first; !list.empty(); ++value) {
    const std::size_t end = std::min(list.find(", "), list.size());
    const std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 2, list.size()));
    const std::string_view name = item.substr(item.rfind(':') + 1);
    if (name.find(')') != std::string_view::npos) continue;  // a cast: no enumerator has this value
    std::int64_t stored = 0;
    set_integer_value(type, &stored, value);  // an unsigned type wraps what is below zero
    enumeration->enumerators.push_back({name, integer_value(type, &stored)});
  }
  std::sort(enumeration->enumerators.begin(), enumeration->enumerators.end(),
            [](const Enumerator& left, const Enumerator& right) { return left.value < right.value; });
  return *enumeration.release();
}

}  // namespace marty::reflect::internal
