#include "marty/grpc/internal/api_schema.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/connect.hpp"
#include "marty/web/problem.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using json::Value;

Value string_schema(std::string_view format) {
  Value schema = Value::object({{"type", "string"}});
  if (!format.empty()) schema["format"] = format;
  return schema;
}

// Written as a string, since the numbers of JavaScript do not hold it; read either way.
Value wide_integer(std::string_view format) {
  return Value::object({{"type", Value::array({"string", "integer"})}, {"format", format}});
}

Value integer(std::string_view format) { return Value::object({{"type", "integer"}, {"format", format}}); }

Value enum_schema(const EnumDescriptor& type, json::Schemas& schemas) {
  if (type.full_name() == "google.protobuf.NullValue") return Value::object({{"type", "null"}});
  return schemas.of(type.full_name(), [&] {
    Value names = Value::array();
    for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
    return Value::object({{"type", "string"}, {"enum", std::move(names)}});
  });
}

Value value_schema(const FieldDescriptor& field, json::Schemas& schemas) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value::object({{"type", "boolean"}});
    case FieldDescriptor::CPPTYPE_INT32:
      return integer("int32");
    case FieldDescriptor::CPPTYPE_UINT32:
      return integer("uint32");
    case FieldDescriptor::CPPTYPE_INT64:
      return wide_integer("int64");
    case FieldDescriptor::CPPTYPE_UINT64:
      return wide_integer("uint64");
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Value::object({{"type", "number"}, {"format", "float"}});
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Value::object({{"type", "number"}, {"format", "double"}});
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_schema(*field.enum_type(), schemas);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_schema(*field.message_type(), schemas);
    case FieldDescriptor::CPPTYPE_STRING:
      break;
  }
  if (field.type() == FieldDescriptor::TYPE_STRING) return string_schema("");
  return Value::object({{"type", "string"}, {"contentEncoding", "base64"}});
}

Value field_schema(const FieldDescriptor& field, json::Schemas& schemas) {
  if (field.is_map())
    return Value::object(
        {{"type", "object"}, {"additionalProperties", value_schema(*field.message_type()->map_value(), schemas)}});
  if (!field.is_repeated()) return value_schema(field, schemas);
  return Value::object({{"type", "array"}, {"items", value_schema(field, schemas)}});
}

Value object_schema(const Descriptor& type, json::Schemas& schemas) {
  Value properties = Value::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    Value schema = field_schema(field, schemas);
    if (field.options().deprecated()) schema["deprecated"] = true;
    if (const auto* const choice = field.real_containing_oneof(); choice != nullptr)
      schema["description"] = "At most one of `" + choice->name() + "`";
    properties[field.json_name()] = std::move(schema);
  }
  return Value::object({{"type", "object"}, {"properties", std::move(properties)}});
}

// The types whose JSON is not an object of their fields; nothing for any other.
std::optional<Value> well_known(const Descriptor& type, json::Schemas& schemas) {
  if (type.file()->package() != "google.protobuf") return std::nullopt;
  const std::string& name = type.name();
  if (name == "Timestamp") return string_schema("date-time");
  if (name == "Duration")
    return Value::object({{"type", "string"}, {"pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$"}, {"examples", {"1.5s"}}});
  if (name == "FieldMask") return string_schema("");
  if (name == "Struct") return Value::object({{"type", "object"}});
  if (name == "ListValue") return Value::object({{"type", "array"}});
  if (name == "Value") return Value::object();
  if (name == "Any") {
    Value any = Value::object({{"type", "object"}, {"required", Value::array({"@type"})}});
    any["properties"]["@type"] = string_schema("");
    return any;
  }
  if (name.ends_with("Value") && type.field_count() == 1 && type.field(0)->name() == "value")
    return value_schema(*type.field(0), schemas);
  return std::nullopt;
}

// https://connectrpc.com/docs/protocol#error-end-stream
Value error_schema(json::Schemas& schemas) {
  return schemas.of("connect.Error", [] {
    Value codes = Value::array();
    for (int code = 1; code <= 16; ++code) codes.push_back(connect_code_name(static_cast<Code>(code)));
    Value detail = Value::object({{"type", "object"}, {"required", Value::array({"type", "value"})}});
    detail["properties"]["type"] = Value::object({{"type", "string"}, {"description", "The name of a message"}});
    detail["properties"]["value"] = Value::object({{"type", "string"}, {"contentEncoding", "base64"}});
    Value error = Value::object({{"type", "object"}, {"required", Value::array({"code"})}});
    error["properties"]["code"] = Value::object({{"type", "string"}, {"enum", std::move(codes)}});
    error["properties"]["message"] = string_schema("");
    error["properties"]["details"] = Value::object({{"type", "array"}, {"items", std::move(detail)}});
    return error;
  });
}

Value body_of(std::string_view description, std::string_view media_type, Value schema) {
  Value body = Value::object({{"description", description}});
  body["content"][media_type]["schema"] = std::move(schema);
  return body;
}

std::string_view kind_text(MethodKind kind) {
  switch (kind) {
    case MethodKind::unary:
      return "A gRPC method, which the Connect protocol calls as it stands here.";
    case MethodKind::server_streaming:
      return "A gRPC method with a stream of responses: call it by gRPC, gRPC-Web or Connect.";
    case MethodKind::client_streaming:
      return "A gRPC method with a stream of requests: call it by gRPC or Connect.";
    case MethodKind::bidi_streaming:
      break;
  }
  return "A gRPC method with a stream of requests and one of responses: call it by gRPC or Connect.";
}

}  // namespace

Value message_schema(const Descriptor& type, json::Schemas& schemas) {
  if (auto schema = well_known(type, schemas)) return *std::move(schema);
  return schemas.of(type.full_name(), [&] { return object_schema(type, schemas); });
}

namespace {

Value request_schema(const MethodHandler& handler, json::Schemas& schemas) {
  Value message = message_schema(*handler.request.GetDescriptor(), schemas);
  Value rules = handler.rules_of_request();
  if (rules.is_null()) return message;
  return Value::object({{"allOf", Value::array({std::move(message), std::move(rules)})}});
}

Value query_parameter(std::string_view name, bool required, std::string_view description, Value schema) {
  return Value::object({{"name", name},
                        {"in", "query"},
                        {"required", required},
                        {"description", description},
                        {"schema", std::move(schema)}});
}

// https://connectrpc.com/docs/protocol#unary-get-request
void describe_get(const MethodHandler& handler, json::Schemas& schemas, Value& operation) {
  Value message = Value::object({{"name", "message"},
                                 {"in", "query"},
                                 {"required", true},
                                 {"description", "The request; as JSON where `encoding` says so"}});
  message["content"]["application/json"]["schema"] = request_schema(handler, schemas);
  operation["parameters"] =
      Value::array({query_parameter("encoding", true, "How `message` is written",
                                    Value::object({{"type", "string"}, {"enum", Value::array({"json", "proto"})}})),
                    std::move(message),
                    query_parameter("base64", false, "Whether `message` is in Base64 (RFC 4648 section 5)",
                                    Value::object({{"type", "string"}, {"enum", Value::array({"1"})}})),
                    query_parameter("compression", false, "How `message` is compressed",
                                    Value::object({{"type", "string"}, {"enum", Value::array({"identity", "gzip"})}})),
                    query_parameter("connect", false, "The version of the protocol",
                                    Value::object({{"type", "string"}, {"enum", Value::array({"v1"})}}))});
}

}  // namespace

void describe_method(const MethodHandler& handler, http::Method verb, json::Schemas& schemas, Value& operation) {
  const bool unary = handler.method.kind == MethodKind::unary;
  const std::string_view media_type = unary ? "application/json" : "application/connect+json";
  std::string description(kind_text(handler.method.kind));
  if (const Value* const own = operation.find("description"); own != nullptr)
    description = own->as_string() + "\n\n" + description;
  operation["description"] = std::move(description);
  if (operation.find("tags") == nullptr) operation["tags"].push_back(handler.method.service);
  if (verb == http::Method::get) {
    describe_get(handler, schemas, operation);
  } else {
    Value request = body_of("One message" + std::string(unary ? "" : ", or a stream of them"), media_type,
                            request_schema(handler, schemas));
    request["required"] = true;
    operation["requestBody"] = std::move(request);
  }
  operation["responses"]["200"] = body_of(unary ? "OK" : "A stream that ends with the status", media_type,
                                          message_schema(*handler.response.GetDescriptor(), schemas));
  if (verb != http::Method::get)
    operation["responses"]["415"] = body_of("The media type is none of the protocols'", web::kProblemMediaType,
                                            schemas.of(reflect::type_of<web::Problem>(), json::View::response));
  operation["responses"]["default"] =
      body_of("The call was refused or failed", "application/json", error_schema(schemas));
}

}  // namespace marty::grpc::internal
