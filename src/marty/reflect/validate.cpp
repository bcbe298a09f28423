#include "marty/reflect/validate.hpp"

#include <algorithm>
#include <cstring>

#include "marty/base/strings.hpp"
#include "marty/reflect/formats.hpp"
#include "marty/reflect/internal/pattern.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::reflect {
namespace {

std::string show_range(const char* what, std::optional<std::size_t> least, std::optional<std::size_t> most,
                       const char* unit) {
  std::string text = std::string("must ") + what + " ";
  if (least && most && *least == *most) {
    text += "exactly " + std::to_string(*least);
  } else if (least && most) {
    text += std::to_string(*least) + " to " + std::to_string(*most);
  } else if (least) {
    text += "at least " + std::to_string(*least);
  } else {
    text += "at most " + std::to_string(*most);
  }
  return text + " " + unit;
}

long double number_of(const Type& type, const void* value) {
  if (type.kind == Kind::integer) {
    const std::int64_t integer = integer_value(type, value);
    return type.is_signed ? static_cast<long double>(integer)
                          : static_cast<long double>(static_cast<std::uint64_t>(integer));
  }
  return type.size == sizeof(float) ? *static_cast<const float*>(value) : *static_cast<const double*>(value);
}

void check_number(const Rules& rules, long double number, const Path& path, Problems& problems) {
  const auto& low = rules.minimum;
  const auto& high = rules.maximum;
  if (low && !(low->exclusive ? number > low->value : number >= low->value)) {
    problems.add(path, (low->exclusive ? "must be greater than " : "must be at least ") + number_text(low->value));
  } else if (high && !(high->exclusive ? number < high->value : number <= high->value)) {
    problems.add(path, (high->exclusive ? "must be less than " : "must be at most ") + number_text(high->value));
  }
}

void check_choice(const Rules& rules, std::string_view text, const Path& path, Problems& problems) {
  const std::span choices(rules.choices.data(), rules.choice_count);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return;
  std::string problem = "must be one of ";
  for (const std::string_view& choice : choices) {
    if (&choice != choices.data()) problem += ", ";
    problem += choice;
  }
  if (const auto near = nearest(text, choices)) problem += "; did you mean " + std::string(*near) + "?";
  problems.add(path, std::move(problem));
}

std::string format_problem(std::string_view format) {
  if (format == "email") return "must be an email address";
  if (format == "uri") return "must be a URI";
  if (format == "hostname") return "must be a host name";
  return format == "ipv4" ? "must be an IPv4 address" : "must be an IPv6 address";
}

// In code points, of which each takes one to four bytes: most texts need no counting.
bool has_length(std::string_view text, std::size_t shortest, std::size_t longest) {
  if (text.size() <= longest && text.size() / 4 >= shortest) return true;
  const std::size_t length = count_code_points(text);
  return length >= shortest && length <= longest;
}

void check_string(const Rules& rules, std::string_view text, const Path& path, Problems& problems) {
  if (!has_length(text, rules.min_length.value_or(0), rules.max_length.value_or(SIZE_MAX))) {
    return problems.add(path, show_range("have", rules.min_length, rules.max_length, "characters"));
  }
  if (rules.choice_count != 0) check_choice(rules, text, path, problems);
  if (rules.compiled != nullptr && !rules.compiled->found_in(text)) {
    problems.add(path, "must match the pattern " + std::string(rules.pattern));
  }
  if (!rules.format.empty() && !has_format(rules.format, text)) problems.add(path, format_problem(rules.format));
}

void check_items(const Rules& rules, std::size_t size, const Path& path, Problems& problems) {
  if (size < rules.min_items.value_or(0) || (rules.max_items && size > *rules.max_items)) {
    problems.add(path, show_range("have", rules.min_items, rules.max_items, "items"));
  }
}

void check_unique(const Type& type, const void* sequence, const Path& path, Problems& problems) {
  std::vector<std::string> texts(type.sequence->size(sequence));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    to_text(*type.element, type.sequence->at(const_cast<void*>(sequence), i), texts[i]);
  }
  std::sort(texts.begin(), texts.end());
  const auto twice = std::adjacent_find(texts.begin(), texts.end());
  if (twice == texts.end()) return;
  const std::string_view shown = utf8_prefix(*twice, Path::kMaxKeyBytes);
  problems.add(path, "must not contain " + std::string(shown) + (shown.size() < twice->size() ? "…" : "") + " twice");
}

// Walks a whole value.
class Validator {
 public:
  explicit Validator(Problems& problems) : problems_(problems) {}

  void visit(const Type& type, const void* value, const Path& path) {
    if (problems_.full()) return;
    void* const object = const_cast<void*>(value);  // the tables have one accessor for both
    switch (type.kind) {
      case Kind::object:
        return visit_object(type.object(), value, path);
      case Kind::sequence:
        for (std::size_t i = 0; i < type.sequence->size(value); ++i) {
          visit(*type.element, type.sequence->at(object, i), Path{&path, {}, i});
        }
        return;
      case Kind::map:
        return visit_map(type, value, path);
      case Kind::optional:
        if (const void* inner = type.optional->get(object)) visit(*type.element, inner, path);
        return;
      case Kind::variant:
        return visit(*type.variant->alternatives[type.variant->index(value)], type.variant->get(object), path);
      default:
        return;
    }
  }

 private:
  void visit_object(const Object& object, const void* value, const Path& path) {
    const std::size_t before = problems_.size();
    for (const Field& field : object.fields) {
      const Path step{&path, field.name};
      if (field.rules != nullptr) check_rules(*field.rules, *field.type, field.in(value), step, problems_);
      visit(*field.type, field.in(value), step);
    }
    if (problems_.size() == before) check_object(object, value, path, problems_);
  }

  void visit_map(const Type& type, const void* map, const Path& path) {
    struct Visit {
      Validator& self;
      const Type& type;
      const Path& path;
    } visit{*this, type, path};
    type.map->for_each(map, &visit, [](void* context, const void* key, const void* value) {
      const Visit& here = *static_cast<Visit*>(context);
      std::string name;
      to_text(*here.type.map->key, key, name);
      here.self.visit(*here.type.element, value, Path{&here.path, name});
    });
  }

  Problems& problems_;
};

}  // namespace

void check_rules(const Rules& rules, const Type& type, const void* value, const Path& path, Problems& problems) {
  switch (type.kind) {
    case Kind::integer:
    case Kind::number:
      if (rules.minimum || rules.maximum) check_number(rules, number_of(type, value), path, problems);
      return;
    case Kind::string:
      return check_string(rules, *static_cast<const std::string*>(value), path, problems);
    case Kind::sequence:
      check_items(rules, type.sequence->size(value), path, problems);
      if (rules.unique) check_unique(type, value, path, problems);
      return;
    case Kind::map:
      return check_items(rules, type.map->size(value), path, problems);
    case Kind::optional:
      if (const void* inner = type.optional->get(const_cast<void*>(value))) {
        check_rules(rules, *type.element, inner, path, problems);
      }
      return;
    default:
      return;
  }
}

void check_object(const Object& object, const void* value, const Path& path, Problems& problems) {
  if (object.check == nullptr) return;
  problems.set_base(path);
  object.check(value, problems);
  problems.set_base(Path{});
}

void validate(const Type& type, const void* object, const Path& path, Problems& problems) {
  Validator(problems).visit(type, object, path);
}

std::vector<FieldError> validate(const Type& type, const void* object) {
  Problems problems;
  validate(type, object, Path{}, problems);
  return problems.take();
}

}  // namespace marty::reflect
