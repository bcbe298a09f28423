// A configuration file of anybody's making, with variables beside it.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"
#include "marty/json/value.hpp"

namespace {

struct Inner {
  std::string name;
  std::optional<bool> enabled;
};
struct Section {
  std::string host = "h";
  int port = 1;
  double ratio = 1;
  marty::config::Duration timeout;
  marty::config::Size limit;
  std::vector<Inner> inners;
  std::map<std::string, int> weights;
  std::optional<marty::json::Value> any;

  static constexpr auto rules =
      marty::rules(marty::field<&Section::port>.range(0, 9), marty::field<&Section::timeout>.optional(),
                   marty::field<&Section::limit>.optional(), marty::field<&Section::inners>.optional(),
                   marty::field<&Section::weights>.optional());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const marty::config::Variables variables = {{"A", "1"}, {"MARTY_SERVER__INNERS", std::string(text.substr(0, 100))}};
    marty::config::Tree tree = marty::config::parse(text, "fuzz", variables);
    static_cast<void>(tree.bind<Section>("server"));
    static_cast<void>(tree.explain("server.port"));
    tree.finish();
  } catch (const marty::Error&) {
  }
  return 0;
}
