// ObjectMapping: a described struct and a protobuf message with the same names for the same things, turned into each
// other. The plan is made and checked once; what cannot be mapped is refused then.
//
//   const ObjectMapping mapping(reflect::type_of<Pet>(), *shop::v1::Pet::descriptor(), Purpose::reply);
//   mapping.write(&pet, message);
//
// int32 … uint64, float, double and bool are the numbers they are, within the range of the field; string is std::string
// or any type with a Text, bytes is Bytes; google.protobuf.Timestamp is Timestamp; an enum goes by the names of its
// enumerators (PET_STATUS_SOLD of the enum PetStatus is `sold`); messages are structs, repeated fields sequences, maps
// maps. A field of a message that is not set leaves its field as it is; one without presence (proto3 without
// `optional`) that holds zero counts as not set where the struct's field has a default or is a std::optional.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "marty/reflect/problems.hpp"
#include "marty/reflect/type.hpp"

namespace marty::grpc::internal {

class ValueMapping;

// What has to be complete. request: each field of the message finds a field of the struct, and each required field of
// the struct one of the message. part: the same, but the message may have fields for others. reply: each field of the
// message is filled from the struct.
enum class Purpose : std::uint8_t { request, part, reply };

class ObjectMapping {
 public:
  // Throws Error(invalid_argument) that names both fields and says what does not fit.
  ObjectMapping(const reflect::Type& type, const google::protobuf::Descriptor& message, Purpose purpose);
  ~ObjectMapping();
  ObjectMapping(const ObjectMapping&) = delete;
  ObjectMapping& operator=(const ObjectMapping&) = delete;

  // Into a default-constructed object; then its rules are checked.
  void read(const google::protobuf::Message& message, void* object, const reflect::Path& path,
            Problems& problems) const;
  void write(const void* object, google::protobuf::Message& message) const;

 private:
  struct Member {
    const reflect::Field* field;
    std::unique_ptr<ValueMapping> value;
  };
  const reflect::Type& type_;
  std::vector<Member> members_;
};

// One field of a message and one value.
class ValueMapping {
 public:
  ValueMapping(const reflect::Type& type, const google::protobuf::FieldDescriptor& field, Purpose purpose);
  ~ValueMapping();

  const google::protobuf::FieldDescriptor& field() const noexcept { return field_; }
  // Whether the message has it.
  bool is_set(const google::protobuf::Message& message) const;
  // Adds what is wrong to the problems.
  void read(const google::protobuf::Message& message, void* value, const reflect::Path& path, Problems& problems) const;
  void write(const void* value, google::protobuf::Message& message) const;

 private:
  enum class Kind : std::uint8_t { scalar, timestamp, object, sequence, map };

  void plan();
  void plan_scalar();
  void plan_enumeration();
  [[noreturn]] void refuse(std::string_view why) const;
  std::string enumerator_names() const;  // as the message has them

  void read_item(const google::protobuf::Message& message, int index, void* value, const reflect::Path& path,
                 Problems& problems) const;
  void read_scalar(const google::protobuf::Message& message, int index, void* value, const reflect::Path& path,
                   Problems& problems) const;
  void read_map(const google::protobuf::Message& message, void* value, const reflect::Path& path,
                Problems& problems) const;
  void write_item(const void* value, google::protobuf::Message& message, bool add) const;
  void write_scalar(const void* value, google::protobuf::Message& message, bool add) const;
  void write_map(const void* value, google::protobuf::Message& message) const;

  const reflect::Type& declared_;  // with its std::optional
  const reflect::Type& type_;      // without
  const google::protobuf::FieldDescriptor& field_;
  const Purpose purpose_;
  Kind kind_ = Kind::scalar;
  const reflect::Type* item_ = nullptr;  // of a sequence; else the type itself
  std::unique_ptr<ObjectMapping> object_;
  std::unique_ptr<ValueMapping> key_, mapped_;  // of a map
  struct EnumPair {
    std::int64_t ours;
    int theirs;
  };
  std::vector<EnumPair> enumerators_;
};

}  // namespace marty::grpc::internal
