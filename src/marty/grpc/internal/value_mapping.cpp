#include <algorithm>
#include <cmath>
#include <limits>

#include "marty/base/bytes.hpp"
#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/grpc/internal/mapping.hpp"
#include "marty/grpc/internal/message_access.hpp"
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const reflect::Type& without_optional(const reflect::Type& type) {
  return type.kind == reflect::Kind::optional ? *type.element : type;
}

// "PetStatus" -> "PET_STATUS_".
std::string enumerator_prefix(std::string_view name) {
  std::string prefix;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    if (upper && i > 0) prefix += '_';
    prefix += name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
  }
  return prefix + "_";
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

// The name of an enumerator as ours would be: without the prefix that protobuf's style asks for.
std::string own_name(const EnumValueDescriptor& value) {
  const std::string prefix = enumerator_prefix(value.type()->name());
  const std::string& name = value.name();
  return lower_case(name.starts_with(prefix) ? std::string_view(name).substr(prefix.size()) : name);
}

bool is_timestamp(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() == "google.protobuf.Timestamp";
}

bool is_bytes(const reflect::Type& type) { return &type == &reflect::type_of<Bytes>(); }

bool fits(const reflect::Type& type, const Integer& value) {
  const unsigned bits = type.size * 8;
  if (!type.is_signed) return !value.negative && (bits == 64 || value.magnitude >> bits == 0);
  const std::uint64_t limit = std::uint64_t{1} << (bits - 1);
  return value.negative ? value.magnitude <= limit : value.magnitude < limit;
}

// google.protobuf.Timestamp: seconds and nanoseconds.
void read_timestamp(const Message& message, void* value, const reflect::Path& path, Problems& problems) {
  constexpr std::int64_t kYear0 = -62'167'219'200, kYear10000 = 253'402'300'800;
  const auto& descriptor = *message.GetDescriptor();
  const std::int64_t seconds = message.GetReflection()->GetInt64(message, descriptor.FindFieldByNumber(1));
  const std::int32_t nanoseconds = message.GetReflection()->GetInt32(message, descriptor.FindFieldByNumber(2));
  if (seconds < kYear0 || seconds >= kYear10000 || nanoseconds < 0 || nanoseconds > 999'999'999)
    return problems.add(path, "must be a time in the years 0 to 9999");
  *static_cast<Timestamp*>(value) =
      Timestamp(std::chrono::seconds(seconds)) + std::chrono::microseconds(nanoseconds / 1000);
}

void write_timestamp(const void* value, Message& message) {
  const Timestamp time = *static_cast<const Timestamp*>(value);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds);
  const auto& descriptor = *message.GetDescriptor();
  message.GetReflection()->SetInt64(&message, descriptor.FindFieldByNumber(1), seconds.time_since_epoch().count());
  message.GetReflection()->SetInt32(&message, descriptor.FindFieldByNumber(2), static_cast<std::int32_t>(rest.count()));
}

// A value of its own, for what is not there yet.
class Storage {
 public:
  explicit Storage(const reflect::Type& type) : type_(type), memory_(::operator new(type.size)) {
    type.construct(memory_);
  }
  ~Storage() {
    type_.destroy(memory_);
    ::operator delete(memory_);
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  void* get() const noexcept { return memory_; }

 private:
  const reflect::Type& type_;
  void* const memory_;
};

}  // namespace

ValueMapping::ValueMapping(const reflect::Type& type, const FieldDescriptor& field, Purpose purpose)
    : declared_(type), type_(without_optional(type)), field_(field), purpose_(purpose), item_(&type_) {
  plan();
}

ValueMapping::~ValueMapping() = default;

void ValueMapping::refuse(std::string_view why) const {
  throw Error(Code::invalid_argument,
              field_.full_name() + " and " + std::string(declared_.name) + " do not fit together: " + std::string(why));
}

void ValueMapping::plan() {
  using reflect::Kind;
  if (type_.kind == Kind::map) {
    if (!field_.is_map()) refuse("one is a map");
    kind_ = ValueMapping::Kind::map;
    key_ = std::make_unique<ValueMapping>(*type_.map->key, *field_.message_type()->map_key(), purpose_);
    mapped_ = std::make_unique<ValueMapping>(*type_.element, *field_.message_type()->map_value(), purpose_);
    return;
  }
  if (field_.is_map()) refuse("one is a map");
  if ((type_.kind == Kind::sequence) != field_.is_repeated()) refuse("one is a list");
  if (field_.is_repeated()) {
    if (type_.sequence->fixed_size != 0) refuse("a repeated field has no fixed size");
    kind_ = ValueMapping::Kind::sequence;
    item_ = type_.element;
  }
  if (is_timestamp(field_) && item_ == &reflect::type_of<Timestamp>()) {
    if (kind_ == ValueMapping::Kind::scalar) kind_ = ValueMapping::Kind::timestamp;
  } else if (field_.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (item_->kind != Kind::object) refuse("a message is a struct");
    object_ = std::make_unique<ObjectMapping>(*item_, *field_.message_type(), purpose_);
    if (kind_ == ValueMapping::Kind::scalar) kind_ = ValueMapping::Kind::object;
  } else {
    plan_scalar();
  }
}

void ValueMapping::plan_scalar() {
  using reflect::Kind;
  bool fit = false;
  switch (field_.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      fit = item_->kind == Kind::boolean;
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      if (item_->kind == Kind::enumeration) return plan_enumeration();
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      fit = item_->kind == Kind::number;
      break;
    case FieldDescriptor::CPPTYPE_STRING: {
      const bool binary = field_.type() == FieldDescriptor::TYPE_BYTES;
      fit = binary ? is_bytes(*item_)
                   : reflect::is_scalar(item_->kind) && !is_bytes(*item_) &&
                         (item_->kind == Kind::string || item_->kind == Kind::text);
      break;
    }
    default:
      fit = item_->kind == Kind::integer;
      // What the message cannot hold would have to fail at run time.
      if (fit && purpose_ == Purpose::reply) {
        const bool wide =
            field_.cpp_type() == FieldDescriptor::CPPTYPE_INT64 || field_.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
        const bool with_sign =
            field_.cpp_type() == FieldDescriptor::CPPTYPE_INT32 || field_.cpp_type() == FieldDescriptor::CPPTYPE_INT64;
        if (item_->size > (wide ? 8u : 4u) || (item_->size == (wide ? 8u : 4u) && item_->is_signed != with_sign) ||
            (item_->is_signed && !with_sign))
          refuse("the field cannot hold every value of the type");
      }
  }
  if (!fit) refuse(std::string("a ") + field_.type_name() + " is none of those");
}

void ValueMapping::plan_enumeration() {
  const EnumDescriptor& theirs = *field_.enum_type();
  for (const reflect::Enumerator& enumerator : item_->enumeration().enumerators) {
    const std::string name = lower_case(enumerator.name);
    const EnumValueDescriptor* found = nullptr;
    for (int i = 0; i < theirs.value_count(); ++i) {
      if (own_name(*theirs.value(i)) == name) found = theirs.value(i);
    }
    if (found == nullptr)
      refuse(theirs.full_name() + " has no " + enumerator_prefix(theirs.name()) + std::string(enumerator.name));
    enumerators_.push_back({enumerator.value, found->number()});
  }
}

std::string ValueMapping::enumerator_names() const {
  std::string names;
  for (const EnumPair& pair : enumerators_)
    names += (names.empty() ? "" : ", ") + field_.enum_type()->FindValueByNumber(pair.theirs)->name();
  return names;
}

bool ValueMapping::is_set(const Message& message) const {
  const Reflection& reflection = *message.GetReflection();
  if (field_.is_repeated()) return true;
  return reflection.HasField(message, &field_);
}

void ValueMapping::read(const Message& message, void* value, const reflect::Path& path, Problems& problems) const {
  if (declared_.kind == reflect::Kind::optional) value = declared_.optional->emplace(value);
  if (kind_ == Kind::map) return read_map(message, value, path, problems);
  if (kind_ != Kind::sequence) return read_item(message, -1, value, path, problems);
  type_.sequence->clear(value);
  const int size = message.GetReflection()->FieldSize(message, &field_);
  for (int i = 0; i < size && !problems.full(); ++i) {
    const reflect::Path here{&path, {}, static_cast<std::size_t>(i)};
    read_item(message, i, type_.sequence->append(value), here, problems);
  }
}

void ValueMapping::read_item(const Message& message, int index, void* value, const reflect::Path& path,
                             Problems& problems) const {
  if (object_ != nullptr) return object_->read(message_of(message, field_, index), value, path, problems);
  if (is_timestamp(field_)) return read_timestamp(message_of(message, field_, index), value, path, problems);
  read_scalar(message, index, value, path, problems);
}

void ValueMapping::read_scalar(const Message& message, int index, void* value, const reflect::Path& path,
                               Problems& problems) const {
  using reflect::Kind;
  const Reflection& reflection = *message.GetReflection();
  switch (item_->kind) {
    case Kind::boolean:
      *static_cast<bool*>(value) =
          index < 0 ? reflection.GetBool(message, &field_) : reflection.GetRepeatedBool(message, &field_, index);
      return;
    case Kind::number: {
      const double number = number_of(message, field_, index);
      if (item_->size == sizeof(float))
        *static_cast<float*>(value) = static_cast<float>(number);
      else
        *static_cast<double*>(value) = number;
      if (!std::isfinite(number)) problems.add(path, "must be a finite number");
      return;
    }
    case Kind::integer: {
      const Integer integer = integer_of(message, field_, index);
      if (!fits(*item_, integer)) return problems.add(path, reflect::expectation(*item_));
      const auto number = static_cast<std::int64_t>(integer.negative ? -integer.magnitude : integer.magnitude);
      return reflect::set_integer_value(*item_, value, number);
    }
    case Kind::enumeration: {
      const int number = index < 0 ? reflection.GetEnumValue(message, &field_)
                                   : reflection.GetRepeatedEnumValue(message, &field_, index);
      for (const EnumPair& pair : enumerators_) {
        if (pair.theirs == number) return reflect::set_integer_value(*item_, value, pair.ours);
      }
      return problems.add(path, "must be one of " + enumerator_names());
    }
    case Kind::string:
      *static_cast<std::string*>(value) = string_of(message, field_, index);
      return;
    default:
      break;
  }
  if (is_bytes(*item_)) {
    *static_cast<Bytes*>(value) = Bytes(string_of(message, field_, index));
  } else if (std::string wrong = reflect::from_text(*item_, string_of(message, field_, index), value); !wrong.empty()) {
    problems.add(path, std::move(wrong));
  }
}

void ValueMapping::read_map(const Message& message, void* value, const reflect::Path& path, Problems& problems) const {
  type_.map->clear(value);
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field_);
  for (int i = 0; i < size && !problems.full(); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field_, i);
    const Storage key(*type_.map->key);
    const reflect::Path here{&path, {}, static_cast<std::size_t>(i)};
    key_->read(entry, key.get(), here, problems);
    if (void* const mapped = type_.map->insert(value, key.get())) mapped_->read(entry, mapped, here, problems);
  }
}

void ValueMapping::write(const void* value, Message& message) const {
  if (declared_.kind == reflect::Kind::optional) {
    value = declared_.optional->get(const_cast<void*>(value));
    if (value == nullptr) return;
  }
  if (kind_ == Kind::map) return write_map(value, message);
  if (kind_ != Kind::sequence) return write_item(value, message, false);
  const std::size_t size = type_.sequence->size(value);
  for (std::size_t i = 0; i < size; ++i) write_item(type_.sequence->at(const_cast<void*>(value), i), message, true);
}

void ValueMapping::write_item(const void* value, Message& message, bool add) const {
  if (object_ != nullptr) return object_->write(value, mutable_message(message, field_, add));
  if (is_timestamp(field_)) return write_timestamp(value, mutable_message(message, field_, add));
  write_scalar(value, message, add);
}

void ValueMapping::write_scalar(const void* value, Message& message, bool add) const {
  using reflect::Kind;
  const Reflection& reflection = *message.GetReflection();
  switch (item_->kind) {
    case Kind::boolean: {
      const bool flag = *static_cast<const bool*>(value);
      return add ? reflection.AddBool(&message, &field_, flag) : reflection.SetBool(&message, &field_, flag);
    }
    case Kind::number:
      return set_number(
          message, field_,
          item_->size == sizeof(float) ? *static_cast<const float*>(value) : *static_cast<const double*>(value), add);
    case Kind::integer:
      return set_integer(message, field_, reflect::integer_value(*item_, value), add);
    case Kind::enumeration: {
      const std::int64_t number = reflect::integer_value(*item_, value);
      const auto pair = std::find_if(enumerators_.begin(), enumerators_.end(),
                                     [number](const EnumPair& each) { return each.ours == number; });
      if (pair == enumerators_.end())
        throw Error(Code::internal,
                    std::string(item_->name) + " holds " + std::to_string(number) + ", which has no name");
      return add ? reflection.AddEnumValue(&message, &field_, pair->theirs)
                 : reflection.SetEnumValue(&message, &field_, pair->theirs);
    }
    case Kind::string:
      return set_string(message, field_, *static_cast<const std::string*>(value), add);
    default:
      break;
  }
  if (is_bytes(*item_)) return set_string(message, field_, std::string(static_cast<const Bytes*>(value)->view()), add);
  std::string text;
  reflect::to_text(*item_, value, text);
  set_string(message, field_, std::move(text), add);
}

void ValueMapping::write_map(const void* value, Message& message) const {
  struct Visit {
    const ValueMapping& mapping;
    Message& message;
  } visit{*this, message};
  type_.map->for_each(value, &visit, [](void* context, const void* key, const void* mapped) {
    const auto& [mapping, into] = *static_cast<Visit*>(context);
    Message& entry = *into.GetReflection()->AddMessage(&into, &mapping.field_);
    mapping.key_->write(key, entry);
    mapping.mapped_->write(mapped, entry);
  });
}

}  // namespace marty::grpc::internal
