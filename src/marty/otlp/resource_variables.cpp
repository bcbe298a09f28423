#include "marty/otlp/resource_variables.hpp"

#include <algorithm>

#include "marty/base/strings.hpp"
#include "marty/otlp/internal/variable_list.hpp"
#include "marty/web/percent.hpp"

namespace marty::otlp {
namespace {

constexpr std::string_view kServiceName = "OTEL_SERVICE_NAME";
constexpr std::string_view kAttributes = "OTEL_RESOURCE_ATTRIBUTES";

using AttributeMap = decltype(ResourceVariables::attributes);

bool is_octet(char c) { return c > ' ' && c < '\x7f' && std::string_view("\",;\\").find(c) == std::string_view::npos; }

std::optional<std::string> decoded(std::string_view text) {
  std::string buffer;
  if (!std::ranges::all_of(text, is_octet)) return std::nullopt;
  const auto plain = web::percent_decode(text, buffer);
  return plain && is_utf8(*plain) ? std::optional<std::string>(*plain) : std::nullopt;
}

// All of them, or nothing.
std::optional<AttributeMap> read_attributes(std::string_view text) {
  AttributeMap attributes;
  const auto members = internal::split_list(text);
  if (!members) return std::nullopt;
  for (const auto& [written_name, written_value] : *members) {
    const auto name = decoded(written_name), value = decoded(written_value);
    if (!name || !value) return std::nullopt;
    attributes.insert_or_assign(*name, *value);
  }
  return attributes;
}

}  // namespace

std::optional<std::string> ResourceVariables::find(std::string_view name) const {
  const auto found = attributes.find(name);
  return found != attributes.end() && !found->second.empty() ? std::optional(found->second) : std::nullopt;
}

ResourceVariables resource_variables(const config::Variables& variables) {
  ResourceVariables result;
  if (auto attributes = read_attributes(config::value_of(variables, kAttributes))) {
    result.attributes = std::move(*attributes);
  } else {
    result.problems.push_back("the variable " + std::string(kAttributes) +
                              " does not count: it has to be a list of name=value, separated by commas, in printable "
                              "ASCII, and with UTF-8 in percent-encoding for all else, and for space, \", ; and \\");
  }
  const std::string name = config::value_of(variables, kServiceName);
  if (!is_utf8(name))
    result.problems.push_back("the variable " + std::string(kServiceName) + " does not count: it is no UTF-8");
  else if (!name.empty())
    result.attributes.insert_or_assign("service.name", name);
  return result;
}

}  // namespace marty::otlp
