// Environment variables of any name and value: "NAME=VALUE" a line.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"

namespace {

struct Section {
  std::string host = "h";
  int port = 1;
  std::vector<std::string> names;
  std::optional<marty::Secret> token;
  static constexpr auto rules = marty::rules(marty::field<&Section::names>.optional());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  marty::config::Variables variables;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(line.substr(0, equals), line.substr(equals + 1));
    variables.emplace("MARTY_" + std::string(line.substr(0, equals)), line.substr(equals + 1));
  }
  try {
    marty::config::Tree tree = marty::config::parse("server: {host: x, Names: [a]}", "fuzz", variables);
    static_cast<void>(tree.bind<Section>("server"));
    static_cast<void>(tree.settings());
    static_cast<void>(tree.explain("server.host"));
    static_cast<void>(tree.problems());
    tree.finish();
  } catch (const marty::Error&) {
  }
  return 0;
}
