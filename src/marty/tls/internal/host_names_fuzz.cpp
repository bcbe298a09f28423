// The name that a client asks for against the names of two certificates, a line each: certificate, certificate, client.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/check.hpp"
#include "marty/tls/internal/host_names.hpp"

namespace {

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::tls::internal;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = next_line(text), second = next_line(text), name = text;
  HostNames names;
  names.add(first, 0);
  names.add(second, 1);
  const auto found = names.find(name);

  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  MARTY_CHECK(names.find(upper) == found);
  if (!first.starts_with("*.")) MARTY_CHECK(names.find(first) == 0u);
  if (!found || !is_host_name(name)) return 0;
  const std::string_view pattern = *found == 0 ? first : second;
  const std::string_view suffix = pattern.starts_with("*.") ? pattern.substr(1) : pattern;
  MARTY_CHECK(name.size() >= suffix.size());
  const std::string_view label = name.substr(0, name.size() - suffix.size());
  MARTY_CHECK(label.find('.') == std::string_view::npos && label.empty() == (pattern.data() == suffix.data()));
  return 0;
}
