#include "marty/web/openapi.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "marty/base/error.hpp"
#include "marty/json/schema.hpp"
#include "marty/web/authentication.hpp"
#include "marty/web/problem.hpp"
#include "marty/web/protocol.hpp"

namespace marty::web {
namespace {

using json::Value;
using reflect::Kind;
using reflect::Type;

constexpr std::string_view kProblemReply = "#/components/responses/Problem";

// "/pets/{id}/{path...}" -> "/pets/{id}/{path}".
std::string path_template(std::string_view pattern) {
  std::string text(pattern);
  if (text.ends_with("...}")) text.replace(text.size() - 4, 4, "}");
  return text;
}

std::string lower_method(http::Method method) {
  std::string name(http::method_name(method));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return char(c | 0x20); });
  return name;
}

// Writes the operations; the schemas they need gather in `schemas`.
class Writer {
 public:
  Writer(json::Schemas& schemas, const std::vector<Authentication>& authentications)
      : schemas_(schemas), authentications_(authentications) {}

  Value operation(const Route& route);
  bool secured() const noexcept { return secured_; }

 private:
  void add_parameters(const Route& route, Value& operation);
  Value parameter(std::string_view in, std::string_view name, bool required, Value schema);
  Value field_parameter(std::string_view in, const reflect::Field& field);
  void add_body(const Route& route, Value& operation);
  Value json_body(const Route& route, const ParameterInfo& info);
  Value form_body(const RouteHandler& handler);
  void add_form_field(Value& form, std::string_view name, Value schema, bool required);
  void add_responses(const Route& route, Value& operation);
  Value success(const Route& route);
  void add_declared(const Route& route, Value& responses);
  void add_security(const Route& route, Value& operation);
  Value plain_schema(const ParameterInfo& info) {
    return schemas_.of(info.type->kind == Kind::optional ? *info.type->element : *info.type);
  }

  json::Schemas& schemas_;
  const std::vector<Authentication>& authentications_;
  bool secured_ = false;
};

Value Writer::operation(const Route& route) {
  Value operation = Value::object({{"operationId", route.operation_id}, {"summary", route.summary}});
  std::string description = route.description;
  for (const std::string& permission : route.permissions) {
    description += (description.empty() ? "" : "\n\n") + ("Requires the permission `" + permission + "`.");
  }
  if (!description.empty()) operation["description"] = description;
  for (const std::string& tag : route.tags) operation["tags"].push_back(tag);
  if (route.deprecated) operation["deprecated"] = true;
  if (route.protocol != nullptr) {
    route.protocol->describe(route, schemas_, operation);
  } else {
    add_parameters(route, operation);
    add_body(route, operation);
    add_responses(route, operation);
  }
  add_security(route, operation);
  return operation;
}

Value Writer::parameter(std::string_view in, std::string_view name, bool required, Value schema) {
  Value parameter = Value::object({{"name", name}, {"in", in}, {"required", required}});
  // What is said of the parameter stands beside its schema, where the documentation pages look.
  for (const std::string_view key : {"description", "deprecated"}) {
    if (const Value* found = schema.find(key)) parameter[key] = *found;
  }
  auto& members = schema.as_object();
  std::erase_if(
      members, [](const Value::Member& member) { return member.name == "description" || member.name == "deprecated"; });
  parameter["schema"] = std::move(schema);
  return parameter;
}

Value Writer::field_parameter(std::string_view in, const reflect::Field& field) {
  const bool required = in == "path" || (field.required && field.type->kind != Kind::sequence);
  return parameter(in, field.name, required, schemas_.of(field));
}

void Writer::add_parameters(const Route& route, Value& operation) {
  Value parameters = Value::array();
  std::set<std::string_view> described;
  for (const ParameterInfo& info : route.handler->parameters) {
    if (info.in > In::cookie) continue;
    constexpr std::string_view kPlaces[] = {"path", "query", "header", "cookie"};
    const std::string_view in = kPlaces[std::size_t(info.in)];
    if (!info.name.empty()) {
      if (info.in == In::path) described.insert(info.name);
      const bool required = info.in == In::path || (!info.optional && info.type->kind != Kind::sequence);
      parameters.push_back(parameter(in, info.name, required, plain_schema(info)));
      continue;
    }
    for (const reflect::Field& field : info.type->object().fields) {
      if (info.in == In::path) {
        const auto& names = route.parameter_names;
        if (std::find(names.begin(), names.end(), field.name) == names.end()) continue;
        described.insert(field.name);
      }
      parameters.push_back(field_parameter(in, field));
    }
  }
  // A raw handler reads them by itself.
  for (const std::string& name : route.parameter_names) {
    if (!described.contains(name))
      parameters.push_back(parameter("path", name, true, Value::object({{"type", "string"}})));
  }
  if (parameters.size() != 0) operation["parameters"] = std::move(parameters);
}

Value Writer::json_body(const Route& route, const ParameterInfo& info) {
  Value content = Value::object({{"schema", plain_schema(info)}});
  if (!route.request_example.empty()) content["example"] = Value::parse(route.request_example);
  Value body = Value::object({{"required", !info.optional}});
  body["content"]["application/json"] = std::move(content);
  return body;
}

void Writer::add_form_field(Value& form, std::string_view name, Value schema, bool required) {
  form["properties"][name] = std::move(schema);
  if (required) form["required"].push_back(name);
}

Value Writer::form_body(const RouteHandler& handler) {
  Value form = Value::object({{"type", "object"}});
  bool files = handler.streams_form;
  for (const ParameterInfo& info : handler.parameters) {
    if (info.in == In::file) {
      files = true;
      Value schema = Value::object({{"type", "string"}, {"contentMediaType", "application/octet-stream"}});
      add_form_field(form, info.name, std::move(schema), !info.optional);
    } else if (info.in == In::form) {
      for (const reflect::Field& field : info.type->object().fields) {
        add_form_field(form, field.name, schemas_.of(field), field.required && field.type->kind != Kind::sequence);
      }
    }
  }
  Value body = Value::object({{"required", true}});
  if (!files) body["content"]["application/x-www-form-urlencoded"]["schema"] = form;
  body["content"]["multipart/form-data"]["schema"] = std::move(form);
  return body;
}

void Writer::add_body(const Route& route, Value& operation) {
  for (const ParameterInfo& info : route.handler->parameters) {
    if (info.in == In::body) operation["requestBody"] = json_body(route, info);
  }
  if (route.handler->takes_form) operation["requestBody"] = form_body(*route.handler);
}

Value Writer::success(const Route& route) {
  const ResultInfo& result = route.handler->result;
  const std::string_view phrase = http::reason_phrase(route.success_status());
  Value reply = Value::object({{"description", phrase.empty() ? std::string_view("Success") : phrase}});
  if (!result.header.empty()) {
    reply["headers"][result.header] = Value::object({{"schema", Value::object({{"type", "string"}})}});
  }
  std::vector<std::string_view> media_types(route.media_types.begin(), route.media_types.end());
  if (media_types.empty() && !result.media_type.empty()) media_types.push_back(result.media_type);
  for (const std::string_view media_type : media_types) {
    Value& content = reply["content"][media_type.substr(0, media_type.find(';'))];
    content["schema"] =
        result.type != nullptr ? schemas_.of(*result.type, json::View::response) : Value::object({{"type", "string"}});
    if (!route.response_example.empty()) content["example"] = Value::parse(route.response_example);
  }
  return reply;
}

void Writer::add_declared(const Route& route, Value& responses) {
  for (const ResponseInfo& info : route.responses) {
    Value reply = Value::object({{"description", info.when}});
    if (info.type != nullptr) {
      reply["content"]["application/json"]["schema"] = schemas_.of(*info.type, json::View::response);
    } else if (info.status >= 400) {
      reply["content"][kProblemMediaType]["schema"] = schemas_.of(reflect::type_of<Problem>(), json::View::response);
    }
    responses[std::to_string(info.status)] = std::move(reply);
  }
}

void Writer::add_responses(const Route& route, Value& operation) {
  const RouteHandler& handler = *route.handler;
  const Value problem = Value::object({{"$ref", kProblemReply}});
  Value responses = Value::object();
  responses[std::to_string(route.success_status())] = success(route);
  if (!handler.parameters.empty()) responses["400"] = problem;
  if (route.is_protected()) responses["401"] = problem;
  if (!route.permissions.empty()) responses["403"] = problem;
  if (handler.result.not_found) responses["404"] = problem;
  if (responses.size() == 1) responses["4XX"] = problem;
  add_declared(route, responses);
  responses["default"] = problem;
  operation["responses"] = std::move(responses);
}

// Each of the ways will do.
void Writer::add_security(const Route& route, Value& operation) {
  Value requirements = Value::array();
  if (route.is_protected()) {
    for (const Authentication& each : authentications_)
      requirements.push_back(Value::object({{each.name, Value::array()}}));
    secured_ = true;
  }
  operation["security"] = std::move(requirements);
}

Value info(const AppOptions& options) {
  Value info = Value::object({{"title", options.title}, {"version", options.version}});
  if (!options.description.empty()) info["description"] = options.description;
  if (!options.license.name.empty()) {
    info["license"] = Value::object({{"name", options.license.name}});
    if (!options.license.url.empty()) info["license"]["url"] = options.license.url;
  }
  return info;
}

Value servers(const AppOptions& options) {
  Value servers = Value::array();
  for (const ApiServer& server : options.servers) {
    servers.push_back(Value::object({{"url", server.url}}));
    if (!server.description.empty()) servers[servers.size() - 1]["description"] = server.description;
  }
  if (options.servers.empty()) servers.push_back(Value::object({{"url", "/"}}));
  return servers;
}

Value problem_reply(json::Schemas& schemas) {
  Value reply = Value::object({{"description", "The request was refused or failed; `code` and `errors` say why."}});
  reply["content"][kProblemMediaType]["schema"] = schemas.of(reflect::type_of<Problem>(), json::View::response);
  return reply;
}

void check_operation_ids(const std::vector<std::unique_ptr<Route>>& routes) {
  std::map<std::string_view, const Route*> by_id;
  for (const auto& route : routes) {
    if (route->hidden) continue;
    const auto [other, unique] = by_id.emplace(route->operation_id, route.get());
    if (unique) continue;
    throw Error(Code::already_exists, other->second->name() + " and " + route->name() + " have the same operation id " +
                                          route->operation_id + ": give one of them another by .operation_id(...)");
  }
}

Value paths(Writer& writer, const std::vector<std::unique_ptr<Route>>& routes) {
  Value paths = Value::object();
  for (const auto& route : routes) {
    if (!route->hidden) paths[path_template(route->pattern)][lower_method(route->method)] = writer.operation(*route);
  }
  return paths;
}

}  // namespace

Value openapi(const AppOptions& options, const std::vector<std::unique_ptr<Route>>& routes) {
  check_operation_ids(routes);
  Value document = Value::object({{"openapi", "3.1.0"}, {"info", info(options)}, {"servers", servers(options)}});
  for (const ApiTag& tag : options.tags) {
    document["tags"].push_back(Value::object({{"name", tag.name}, {"description", tag.description}}));
  }
  const std::vector<Authentication> authentications =
      options.authentications.empty() ? std::vector{bearer_token()} : options.authentications;
  json::Schemas first("#/components/schemas/"), schemas("#/components/schemas/");
  Writer rehearsal(first, authentications);  // which types are both read and written
  paths(rehearsal, routes);
  schemas.take_over(first);
  Writer writer(schemas, authentications);
  document["paths"] = paths(writer, routes);
  if (document["paths"].size() == 0) return document;
  Value problem = problem_reply(schemas);
  document["components"]["schemas"] = schemas.definitions();
  document["components"]["responses"]["Problem"] = std::move(problem);
  if (writer.secured()) {
    for (const Authentication& each : authentications)
      document["components"]["securitySchemes"][each.name] = each.scheme;
  }
  return document;
}

}  // namespace marty::web
