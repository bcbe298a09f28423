// OTEL_RESOURCE_ATTRIBUTES of any value: what counts can be exported, and is all or nothing.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "marty/base/strings.hpp"
#include "marty/otlp/resource_variables.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto said = marty::otlp::resource_variables({{"OTEL_RESOURCE_ATTRIBUTES", text}});
  if (!said.problems.empty() && !said.attributes.empty()) std::abort();
  for (const auto& [name, value] : said.attributes) {
    if (name.empty() || !marty::is_utf8(name) || !marty::is_utf8(value)) std::abort();
  }
  return 0;
}
