#include "marty/web/route.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/web/internal/binding.hpp"
#include "marty/web/internal/field_reader.hpp"

namespace marty::web {

std::string Route::name() const { return std::string(http::method_name(method)) + " " + pattern; }

namespace internal {
namespace {

[[noreturn]] void refuse(const Route& route, const std::string& why) {
  throw Error(Code::invalid_argument, "the route " + route.name() + " is not valid: " + why);
}

std::string_view place_name(In in) {
  constexpr std::string_view kNames[] = {"path", "query", "header", "cookie", "body", "form", "file"};
  return kNames[std::size_t(in)];
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The fields of a struct that is filled from text.
void check_fields(const Route& route, const ParameterInfo& info) {
  if (info.type->kind != reflect::Kind::object) {
    refuse(route, "a " + std::string(place_name(info.in)) + " parameter without a name has to be a struct, not " +
                      std::string(info.type->name));
  }
  const reflect::Object& object = info.type->object();
  if (object.fields.size() > kMaxTextFields) refuse(route, std::string(info.type->name) + " has more than 64 fields");
  for (const reflect::Field& field : object.fields) {
    if (!readable_from_text(*field.type)) {
      refuse(route, std::string(info.type->name) + "::" + std::string(field.name) +
                        " is neither a scalar nor a list of scalars, and cannot be read from the " +
                        std::string(place_name(info.in)));
    }
  }
}

void bind_path(Route& route, ParameterInfo& info, std::size_t& next) {
  if (info.type->kind == reflect::Kind::object) {
    check_fields(route, info);
    for (const reflect::Field& field : info.type->object().fields) {
      if (field.required && !contains(route.parameter_names, field.name)) {
        refuse(route, "the pattern has no parameter {" + std::string(field.name) + "}, which " +
                          std::string(info.type->name) + " needs");
      }
    }
    return;
  }
  if (next == route.parameter_names.size())
    refuse(route, "the handler takes more path parameters than the pattern has");
  info.position = std::uint32_t(next);
  info.name = route.parameter_names[next++];
}

void bind_parameter(Route& route, ParameterInfo& info, std::size_t& next_path) {
  if (info.in == In::path) bind_path(route, info, next_path);
  if (info.in == In::form || info.in == In::file) route.handler->takes_form = true;
  if (info.in == In::file || info.in == In::body) return;
  if (info.in != In::path && info.name.empty()) check_fields(route, info);
  if (!info.name.empty() && !readable_from_text(*info.type)) {
    refuse(route, std::string(place_name(info.in)) + "." + info.name + " is of type " + std::string(info.type->name) +
                      ", which is neither a scalar nor a list of scalars");
  }
  if (info.in == In::query) {
    route.handler->reads_query = true;
    if (!info.name.empty()) return route.handler->query_names.push_back(info.name);
    for (const reflect::Field& field : info.type->object().fields) route.handler->query_names.push_back(field.name);
  }
}

}  // namespace

void bind_parameters(Route& route) {
  std::size_t next_path = 0;
  int bodies = 0;
  for (ParameterInfo& info : route.handler->parameters) {
    bind_parameter(route, info, next_path);
    if (info.in == In::body) ++bodies;
  }
  if (bodies > 1) refuse(route, "the handler takes more than one body");
  if (bodies > 0 && route.handler->takes_form) refuse(route, "the handler takes both a JSON body and a form");
}

}  // namespace internal
}  // namespace marty::web
