#include "marty/web/route.hpp"

#include <algorithm>
#include <span>

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

bool takes_by_name(const ParameterInfo& info) {
  return info.in == In::path && info.type->kind == reflect::Kind::object;
}

// The parameters of the pattern that no struct takes by name, in order: those are left for the scalars.
std::vector<std::uint32_t> positional(const Route& route) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < route.parameter_names.size(); ++i) {
    const auto& parameters = route.handler->parameters;
    const bool named = std::any_of(parameters.begin(), parameters.end(), [&](const ParameterInfo& info) {
      return takes_by_name(info) && info.type->object().find(route.parameter_names[i]) != nullptr;
    });
    if (!named) positions.push_back(i);
  }
  return positions;
}

void bind_path(Route& route, ParameterInfo& info, std::span<const std::uint32_t>& positions) {
  if (takes_by_name(info)) {
    check_fields(route, info);
    for (const reflect::Field& field : info.type->object().fields) {
      if (field.required && !contains(route.parameter_names, field.name)) {
        refuse(route, "the pattern has no parameter {" + std::string(field.name) + "}, which " +
                          std::string(info.type->name) + " needs");
      }
    }
    return;
  }
  if (positions.empty()) refuse(route, "the handler takes more path parameters than the pattern has");
  info.position = positions.front();
  info.name = route.parameter_names[info.position];
  positions = positions.subspan(1);
}

void bind_parameter(Route& route, ParameterInfo& info, std::span<const std::uint32_t>& positions) {
  if (info.in == In::path) bind_path(route, info, positions);
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
  const std::vector<std::uint32_t> unnamed = positional(route);
  std::span<const std::uint32_t> left = unnamed;
  int bodies = 0;
  for (ParameterInfo& info : route.handler->parameters) {
    bind_parameter(route, info, left);
    if (info.in == In::body) ++bodies;
  }
  // A handler that takes the whole request may read them by itself.
  if (!left.empty() && !route.handler->takes_request) {
    refuse(route, "the handler does not take {" + route.parameter_names[left.front()] +
                      "}: give it a Path<T> parameter, or take {" + route.parameter_names[left.front()] +
                      "} out of the pattern");
  }
  if (bodies > 1) refuse(route, "the handler takes more than one body");
  if (bodies > 0 && route.handler->takes_form) refuse(route, "the handler takes both a JSON body and a form");
}

}  // namespace internal
}  // namespace marty::web
