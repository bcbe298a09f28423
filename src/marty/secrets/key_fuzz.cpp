// The name of a secret, and what a store has under it: "NAME", a line end, the text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/secrets/store.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  try {
    const secrets::Key key = secrets::Key::parse(input.substr(0, end));
    if (("/" + key.path).find("/.") != std::string::npos || key.path.starts_with('/')) std::abort();
    if (!(secrets::Key::parse(key.text()) == key)) std::abort();
    static_cast<void>(secrets::select_field(Secret(input.substr(std::min(end + 1, input.size()))), key, "fuzz"));
  } catch (const Error&) {
  }
  return 0;
}
