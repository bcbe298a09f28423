#include "marty/web/internal/field_reader.hpp"

#include "marty/base/check.hpp"
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::web::internal {

using reflect::Kind;
using reflect::Type;

bool readable_from_text(const Type& type) {
  if (reflect::is_scalar(type.kind)) return true;
  if (type.kind == Kind::optional)
    return reflect::is_scalar(type.element->kind) || type.element->kind == Kind::sequence;
  return type.kind == Kind::sequence && type.sequence->fixed_size == 0 && reflect::is_scalar(type.element->kind);
}

std::string read_text(const Type& type, std::string_view text, void* object) {
  if (type.kind == Kind::optional) {
    void* inside = type.optional->get(object);
    if (inside == nullptr) inside = type.optional->emplace(object);
    return read_text(*type.element, text, inside);
  }
  if (type.kind == Kind::sequence) return reflect::from_text(*type.element, text, type.sequence->append(object));
  return reflect::from_text(type, text, object);
}

namespace {

bool is_list(const Type& type) {
  return type.kind == Kind::sequence || (type.kind == Kind::optional && type.element->kind == Kind::sequence);
}

}  // namespace

FieldReader::FieldReader(const Type& type, void* object, std::string_view place, Problems& problems)
    : object_type_(type.object()), object_(object), place_(place), problems_(problems) {
  MARTY_CHECK(object_type_.fields.size() <= kMaxTextFields);
}

void FieldReader::add(std::string_view field, std::string message) {
  problems_.add(std::string(place_) + (field.empty() ? "" : ".") + std::string(field), std::move(message));
  failed_ = true;
}

bool FieldReader::take(std::string_view name, std::string_view value, bool valid) {
  const reflect::Field* field = object_type_.find(name);
  if (field == nullptr) return false;
  State& state = states_[std::size_t(field - object_type_.fields.data())];
  std::string problem;
  if (!valid) {
    problem = "must be percent-encoded UTF-8";
  } else if (state != State::missing && !is_list(*field->type)) {
    problem = "is given more than once";
  } else {
    void* const object = field->in(object_);
    if (state == State::missing && field->type->kind == Kind::sequence)
      field->type->sequence->clear(object);  // its default
    problem = read_text(*field->type, value, object);
  }
  if (state != State::failed) state = problem.empty() ? State::read : State::failed;
  if (!problem.empty()) add(name, std::move(problem));
  return true;
}

void FieldReader::finish() {
  Problems rules;
  const reflect::Path root;
  for (std::size_t i = 0; i < object_type_.fields.size(); ++i) {
    const reflect::Field& field = object_type_.fields[i];
    const bool empty_list =
        states_[i] == State::missing && field.type->kind == Kind::sequence;  // what an empty one looks like
    if (states_[i] == State::missing && field.required && !empty_list) add(field.name, "is required");
    if ((states_[i] == State::read || empty_list) && field.rules != nullptr) {
      reflect::check_rules(*field.rules, *field.type, field.in(object_), {.parent = &root, .key = field.name}, rules);
    }
  }
  if (!failed_ && rules.empty()) reflect::check_object(object_type_, object_, root, rules);
  for (const FieldError& error : rules.errors()) {
    add(std::string_view(error.pointer).substr(error.pointer.starts_with('/') ? 1 : 0), error.message);
  }
}

}  // namespace marty::web::internal
