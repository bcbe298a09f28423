// A value with references of anybody's making: what it becomes is bounded, and a secret in it is known to be there.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/config/internal/expand.hpp"
#include "marty/config/internal/node.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Variables variables = {
      {"A", "1"}, {"EMPTY", ""}, {"LONG", std::string(100'000, 'x')}, {"TRICKY", "${A}"}};
  bool asked = false;
  const FindSecret find_secret = [&](std::string_view key) -> marty::Secret {
    if (key == "gone") throw marty::Error(marty::Code::not_found, "nowhere");
    if (key == "down") throw marty::Error(marty::Code::unavailable, "down");
    asked = true;
    return marty::Secret("S\x01S");
  };
  const auto result = internal::expand(text, variables, find_secret);
  if (result) {
    if (result->text.size() > (2u << 20) + size) std::abort();
    // A secret that shows in the result is one that is told.
    if (result->text.find("S\x01S") != std::string::npos && text.find("S\x01S") == std::string_view::npos &&
        !(asked && result->has_secret))
      std::abort();
  } else if (result.error().find("S\x01S") != std::string::npos && text.find('\x01') == std::string_view::npos) {
    std::abort();
  }
  // A default ends at the same place whether or not it is needed.
  const auto needed = internal::expand("${EMPTY:-" + std::string(text) + "}", variables, find_secret);
  const auto skipped = internal::expand("${A:-" + std::string(text) + "}", variables, find_secret);
  if (needed && !(skipped && needed->text.ends_with(std::string_view(skipped->text).substr(1)))) std::abort();
  internal::Node node;
  node.kind = internal::Node::Kind::scalar;
  node.scalar = text;
  static_cast<void>(internal::describe(node));
  return 0;
}
