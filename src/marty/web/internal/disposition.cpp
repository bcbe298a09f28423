#include "marty/web/internal/disposition.hpp"

#include "marty/base/strings.hpp"
#include "marty/web/media_type.hpp"

namespace marty::web::internal {
namespace {

std::string_view without_blanks_before(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

// The closing quote is the first one that ends the parameter: names end in backslashes, too.
std::size_t find_closing_quote(std::string_view text) noexcept {
  for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at + 1)) {
    const std::string_view rest = without_blanks_before(text.substr(at + 1));
    if (rest.empty() || rest.front() == ';') return at;
    if (at == 0 || text[at - 1] != '\\') break;  // only an escaped one stands inside
  }
  return std::string_view::npos;
}

std::string unescaped(std::string_view text) {
  struct Escape {
    std::string_view written;
    char meant;
  };
  constexpr Escape kEscapes[] = {{"\\\"", '"'}, {"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
  std::string result;
  while (!text.empty()) {
    char next = text.front();
    std::size_t size = 1;
    for (const Escape& escape : kEscapes) {
      if (!text.starts_with(escape.written)) continue;
      next = escape.meant;
      size = escape.written.size();
    }
    result += next;
    text.remove_prefix(size);
  }
  return result;
}

struct Parameter {
  std::string_view name;
  std::string value;
};

// Takes `name=value` and the semicolon behind it; nothing where it is neither a token nor in quotes.
std::optional<Parameter> take_parameter(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || !is_token(rest.substr(0, equals))) return std::nullopt;
  Parameter parameter{.name = rest.substr(0, equals), .value = {}};
  rest.remove_prefix(equals + 1);
  if (!rest.starts_with('"')) {
    const std::string_view value = take_element(rest, ';');
    if (!is_token(value)) return std::nullopt;
    parameter.value = value;
    return parameter;
  }
  rest.remove_prefix(1);
  const std::size_t end = find_closing_quote(rest);
  if (end == std::string_view::npos) return std::nullopt;
  parameter.value = unescaped(rest.substr(0, end));
  rest = without_blanks_before(rest.substr(end + 1));
  rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  return parameter;
}

}  // namespace

std::expected<Disposition, std::string_view> parse_disposition(std::string_view value) {
  if (!equals_ignore_case(take_element(value, ';'), "form-data")) return std::unexpected("a part is not form-data");
  std::optional<std::string> name, filename;
  bool extended = false;
  for (value = without_blanks_before(value); !value.empty(); value = without_blanks_before(value)) {
    std::optional<Parameter> parameter = take_parameter(value);
    if (!parameter) return std::unexpected("a part's Content-Disposition cannot be read: names stand in quotes");
    extended = extended || equals_ignore_case(parameter->name, "filename*");
    const bool names_file = equals_ignore_case(parameter->name, "filename");
    if (!names_file && !equals_ignore_case(parameter->name, "name")) continue;
    std::optional<std::string>& place = names_file ? filename : name;
    if (place) return std::unexpected("a part has two names");
    place = std::move(parameter->value);
  }
  if (!name) return std::unexpected("a part has no name");
  if (extended && !filename) return std::unexpected("a part has filename*, which forms do not use: send filename");
  return Disposition{*std::move(name), std::move(filename)};
}

}  // namespace marty::web::internal
