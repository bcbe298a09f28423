#include "marty/grpc/internal/mapping.hpp"

#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::grpc::internal {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

ObjectMapping::ObjectMapping(const reflect::Type& type, const Descriptor& message, Purpose purpose) : type_(type) {
  if (type.kind != reflect::Kind::object)
    throw Error(Code::invalid_argument,
                message.full_name() + " is a message, and " + std::string(type.name) + " is not a struct");
  for (const reflect::Field& field : type.object().fields) {
    const FieldDescriptor* const found = message.FindFieldByName(std::string(field.name));
    if (found != nullptr) {
      const Purpose inner = purpose == Purpose::part ? Purpose::request : purpose;
      members_.push_back({&field, std::make_unique<ValueMapping>(*field.type, *found, inner)});
    } else if (purpose != Purpose::reply && field.required) {
      throw Error(Code::invalid_argument, message.full_name() + " has no field " + std::string(field.name) +
                                              ", which " + std::string(type.name) + " needs");
    }
  }
  for (int i = 0; purpose != Purpose::part && i < message.field_count(); ++i) {
    const std::string& name = message.field(i)->name();
    if (type.object().find(name) != nullptr) continue;
    throw Error(Code::invalid_argument, message.full_name() + "." + name +
                                            " has no counterpart: " + std::string(type.name) +
                                            (purpose == Purpose::request ? " does not take it" : " cannot fill it"));
  }
}

ObjectMapping::~ObjectMapping() = default;

void ObjectMapping::read(const Message& message, void* object, const reflect::Path& path, Problems& problems) const {
  const std::size_t before = problems.size();
  for (const Member& member : members_) {
    const reflect::Path here{&path, member.field->name};
    void* const value = member.field->in(object);
    const std::size_t found = problems.size();
    const bool presence = member.value->field().has_presence() || member.value->field().is_repeated();
    const bool counts = member.value->is_set(message) || (member.field->required && !presence);
    if (counts) {
      member.value->read(message, value, here, problems);
    } else if (member.field->required) {
      problems.add(here, "is required");
    }
    if (member.field->rules != nullptr && problems.size() == found && counts)
      reflect::check_rules(*member.field->rules, *member.field->type, value, here, problems);
  }
  if (problems.size() == before) reflect::check_object(type_.object(), object, path, problems);
}

void ObjectMapping::write(const void* object, Message& message) const {
  for (const Member& member : members_) member.value->write(member.field->in(object), message);
}

}  // namespace marty::grpc::internal
