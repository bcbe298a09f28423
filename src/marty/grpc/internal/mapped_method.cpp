// A function of plain structs as a method: its parameters are filled from the fields of the request, its result becomes
// the response.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <set>

#include "marty/base/error.hpp"
#include "marty/grpc/api.hpp"
#include "marty/grpc/internal/mapping.hpp"
#include "marty/json/schema.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using web::In;
using web::ParameterInfo;

// Where one parameter comes from: fields of the message, fields of a message in it, or one field.
struct ParameterPlan {
  std::unique_ptr<ObjectMapping> object;
  const FieldDescriptor* inner = nullptr;  // of the object; null: the request itself
  std::unique_ptr<ValueMapping> value;
};

std::string place_of(const ParameterInfo& info) {
  constexpr std::string_view kNames[] = {"Path", "Query", "HeaderValue", "Cookie", "Body", "Form", "Upload"};
  return std::string(kNames[std::size_t(info.in)]);
}

const reflect::Type& plain_type(const ParameterInfo& info) { return info.optional ? *info.type->element : *info.type; }

// Whether a message has all that the struct cannot do without.
bool provides(const Descriptor& message, const reflect::Type& type) {
  for (const reflect::Field& field : type.object().fields) {
    if (field.required && message.FindFieldByName(std::string(field.name)) == nullptr) return false;
  }
  return true;
}

// Of the schema of a field, what a message cannot say by itself.
json::Value rules_in(const json::Value& schema) {
  constexpr std::string_view kRules[] = {
      "minimum",  "maximum",  "exclusiveMinimum", "exclusiveMaximum", "minLength",   "maxLength", "pattern",
      "minItems", "maxItems", "minProperties",    "maxProperties",    "uniqueItems", "examples"};
  json::Value rules = json::Value::object();
  for (const std::string_view rule : kRules) {
    if (const json::Value* const found = schema.find(rule)) rules[rule] = *found;
  }
  const json::Value* const format = schema.find("format");
  if (format != nullptr && schema["type"] == json::Value("string")) rules["format"] = *format;
  return rules;
}

class Planner {
 public:
  Planner(const web::RouteHandler& function, const Descriptor& request) : function_(function), request_(request) {}

  std::vector<ParameterPlan> plan() {
    std::vector<ParameterPlan> plans(function_.parameters.size());
    for (std::size_t i = 0; i < plans.size(); ++i) plan_named(function_.parameters[i], plans[i]);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const ParameterInfo& info = function_.parameters[i];
      if (info.in == In::path && plans[i].object == nullptr) plan_next(info, plans[i]);
    }
    for (int i = 0; i < request_.field_count(); ++i) {
      if (!claimed_.contains(request_.field(i)->name()))
        throw Error(Code::invalid_argument,
                    request_.field(i)->full_name() + " is taken by no parameter of the function");
    }
    return plans;
  }

 private:
  void plan_named(const ParameterInfo& info, ParameterPlan& plan) {
    if (info.in == In::header || info.in == In::cookie) return;  // metadata
    if (info.in == In::form || info.in == In::file)
      throw Error(Code::invalid_argument, "a function with a " + place_of(info) + " parameter cannot be a gRPC method");
    const reflect::Type& type = plain_type(info);
    if (info.name.empty() && type.kind == reflect::Kind::object) return plan_object(info, type, plan);
    if (info.in == In::path) return;
    const FieldDescriptor* const field = request_.FindFieldByName(info.name);
    if (field == nullptr)
      throw Error(Code::invalid_argument, request_.full_name() + " has no field " + info.name + " for the " +
                                              place_of(info) + " parameter of that name");
    claim(*field);
    plan.value = std::make_unique<ValueMapping>(*info.type, *field, Purpose::request);
  }

  // Its fields are those of the request, or those of the one message in it that has them.
  void plan_object(const ParameterInfo& info, const reflect::Type& type, ParameterPlan& plan) {
    if (info.in == In::body && !provides(request_, type)) {
      for (int i = 0; i < request_.field_count() && plan.inner == nullptr; ++i) {
        const FieldDescriptor& field = *request_.field(i);
        if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field.is_repeated()) continue;
        if (provides(*field.message_type(), type)) plan.inner = &field;
      }
    }
    if (plan.inner != nullptr) {
      claim(*plan.inner);
      plan.object = std::make_unique<ObjectMapping>(type, *plan.inner->message_type(), Purpose::request);
      return;
    }
    plan.object = std::make_unique<ObjectMapping>(type, request_, Purpose::part);
    for (const reflect::Field& field : type.object().fields) claimed_.insert(std::string(field.name));
  }

  // What no name says comes in the order of the fields.
  void plan_next(const ParameterInfo& info, ParameterPlan& plan) {
    for (int i = 0; i < request_.field_count(); ++i) {
      const FieldDescriptor& field = *request_.field(i);
      if (claimed_.contains(field.name())) continue;
      claim(field);
      plan.value = std::make_unique<ValueMapping>(*info.type, field, Purpose::request);
      return;
    }
    throw Error(Code::invalid_argument,
                "the function has more Path parameters than " + request_.full_name() + " has fields");
  }

  void claim(const FieldDescriptor& field) { claimed_.insert(field.name()); }

  const web::RouteHandler& function_;
  const Descriptor& request_;
  std::set<std::string> claimed_;
};

class MappedMethod final : public MethodHandler {
 public:
  MappedMethod(std::unique_ptr<web::RouteHandler> function, const Message& request_type, const Message& response_type)
      : MethodHandler(request_type, response_type),
        function_(std::move(function)),
        parameters_(Planner(*function_, *request_type.GetDescriptor()).plan()) {
    needs = function_->needs;
    plan_result(*response_type.GetDescriptor());
  }
  void bound() override { function_->sources = sources; }
  json::Value rules_of_request() const override;

 private:
  class Transcoding;

  void plan_result(const Descriptor& reply) {
    const web::ResultInfo& info = function_->result;
    if (info.raw || info.varies || (info.type == nullptr && !info.media_type.empty()))
      throw Error(Code::invalid_argument, "the function answers with something else than a struct, which " +
                                              reply.full_name() + " cannot hold");
    if (info.type != nullptr) {
      result_ = std::make_unique<ObjectMapping>(*info.type, reply, Purpose::reply);
    } else if (reply.field_count() != 0) {
      throw Error(Code::invalid_argument, "the function returns nothing, and " + reply.full_name() + " has fields");
    }
  }

  void run(web::Exchange& exchange, CallDriver& driver) override;

  const std::unique_ptr<web::RouteHandler> function_;
  const std::vector<ParameterPlan> parameters_;
  std::unique_ptr<ObjectMapping> result_;  // null: nothing
};

json::Value MappedMethod::rules_of_request() const {
  json::Schemas schemas;
  json::Value properties = json::Value::object();
  const auto add = [](json::Value& to, const FieldDescriptor* field, const json::Value& schema) {
    json::Value rules = rules_in(schema);
    if (field != nullptr && rules.size() != 0) to[field->json_name()] = std::move(rules);
  };
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const ParameterPlan& plan = parameters_[i];
    const reflect::Type& type = plain_type(function_->parameters[i]);
    if (plan.value != nullptr) add(properties, &plan.value->field(), schemas.of(type));
    if (plan.object == nullptr) continue;
    const Descriptor& message = plan.inner != nullptr ? *plan.inner->message_type() : *request.GetDescriptor();
    json::Value members = json::Value::object();
    for (const reflect::Field& field : type.object().fields)
      add(members, message.FindFieldByName(std::string(field.name)), schemas.of(field));
    if (members.size() == 0) continue;
    if (plan.inner != nullptr) {
      properties[plan.inner->json_name()]["properties"] = std::move(members);
    } else {
      for (json::Value::Member& member : members.as_object()) properties[member.name] = std::move(member.value);
    }
  }
  return properties.size() == 0 ? json::Value() : json::Value::object({{"properties", std::move(properties)}});
}

// Of one call.
class MappedMethod::Transcoding final : public web::Transcoder {
 public:
  Transcoding(const MappedMethod& method, const Message& request, Message& response)
      : method_(method), request_(request), response_(response) {}

  void read(web::Exchange& exchange, const ParameterInfo& info, void* value) override {
    const auto index = static_cast<std::size_t>(&info - method_.function_->parameters.data());
    const ParameterPlan& plan = method_.parameters_[index];
    const reflect::Path root;
    if (plan.value != nullptr) return read_value(exchange, info, *plan.value, value);
    const bool is_there = plan.inner == nullptr || request_.GetReflection()->HasField(request_, plan.inner);
    if (!is_there) {
      if (!info.optional) exchange.problems().add(reflect::Path{&root, plan.inner->name()}, "is required");
      return;
    }
    if (info.optional) value = info.type->optional->emplace(value);
    if (plan.inner == nullptr) return plan.object->read(request_, value, root, exchange.problems());
    plan.object->read(request_.GetReflection()->GetMessage(request_, plan.inner), value,
                      reflect::Path{&root, plan.inner->name()}, exchange.problems());
  }
  void write(web::Exchange&, const reflect::Type&, const void* value) override {
    method_.result_->write(value, response_);
  }
  void write_nothing(web::Exchange&) override {}

 private:
  void read_value(web::Exchange& exchange, const ParameterInfo& info, const ValueMapping& mapping, void* value) {
    const reflect::Path root;
    const reflect::Path here{&root, mapping.field().name()};
    const bool is_set = mapping.is_set(request_);
    if (!is_set && info.optional) return;
    if (!is_set && mapping.field().has_presence()) return exchange.problems().add(here, "is required");
    mapping.read(request_, value, here, exchange.problems());
  }

  const MappedMethod& method_;
  const Message& request_;
  Message& response_;
};

void MappedMethod::run(web::Exchange& exchange, CallDriver& driver) {
  const std::unique_ptr<Message> question(request.New());
  const std::unique_ptr<Message> reply(response.New());
  driver.read_unary(*question);
  Transcoding transcoding(*this, *question, *reply);
  exchange.set_transcoder(&transcoding);
  function_->invoke(exchange);
  exchange.set_transcoder(nullptr);
  driver.write_unary(*reply);
  driver.finish();
}

}  // namespace

std::unique_ptr<MethodHandler> make_mapped_method(std::unique_ptr<web::RouteHandler> function, const Message& request,
                                                  const Message& response) {
  return std::make_unique<MappedMethod>(std::move(function), request, response);
}

}  // namespace marty::grpc::internal
