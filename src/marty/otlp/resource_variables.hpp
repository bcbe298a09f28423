// ResourceVariables: what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say of the process whose telemetry this is.
//
//   const auto said = otlp::resource_variables({{"OTEL_RESOURCE_ATTRIBUTES",
//   "service.version=2.1,team=cats%20%26%20co"}}); said.attributes.at("team");   // "cats & co"
//
// Names and values are those of W3C Baggage without properties: printable ASCII but for space, '"', ',', ';' and '\\',
// and for all else UTF-8 behind '%'. Of two of one name the last counts. A variable that is written otherwise does not
// count at all, as the specification has it, and `problems` says so.
//
// Sources: https://opentelemetry.io/docs/specs/otel/resource/sdk/ (Specifying resource information via an environment
// variable), https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and, for baggage-octet,
// https://www.w3.org/TR/baggage/
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/config/variables.hpp"

namespace marty::otlp {

struct ResourceVariables {
  std::map<std::string, std::string, std::less<>> attributes;  // service.name as OTEL_SERVICE_NAME has it, if it does
  std::vector<std::string> problems;                           // for the log; without values, which may be anything

  // Nothing, too, where it is empty.
  std::optional<std::string> find(std::string_view name) const;
};

ResourceVariables resource_variables(const config::Variables& variables);

}  // namespace marty::otlp
