#include "marty/web/media_type.hpp"

#include "marty/base/strings.hpp"

namespace marty::web {
namespace {

bool is_token_byte(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// "q=0.25" among parameters, in thousandths; 1000 where there is none, -1 where it is malformed (RFC 9110
// section 12.4.2).
int quality(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = take_element(parameters, ';');
    if (parameter.size() < 2 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') continue;
    const std::string_view text = parameter.substr(2);
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
    int value = (text[0] - '0') * 1000;
    if (text.size() > 1 && text[1] != '.') return -1;
    for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value += (text[i] - '0') * int(unit);
    }
    return value <= 1000 ? value : -1;
  }
  return 1000;
}

// How exactly `range` names `type`: 0 not at all, 1 "*/*", 2 "text/*", 3 "text/html".
int precision(std::string_view range, std::string_view type) noexcept {
  if (range == "*/*") return 1;
  if (range.ends_with("/*")) {
    const std::string_view group = range.substr(0, range.size() - 1);
    return equals_ignore_case(group, type.substr(0, group.size())) ? 2 : 0;
  }
  return equals_ignore_case(range, type) ? 3 : 0;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_token_byte(c)) return false;
  }
  return !text.empty();
}

MediaType parse_media_type(std::string_view value) noexcept {
  MediaType type;
  type.essence = take_element(value, ';');
  type.parameters = value;
  const std::size_t slash = type.essence.find('/');
  if (slash == std::string_view::npos || !is_token(type.essence.substr(0, slash)) ||
      !is_token(type.essence.substr(slash + 1))) {
    return {};
  }
  return type;
}

bool MediaType::is(std::string_view type) const noexcept { return equals_ignore_case(essence, type); }

bool MediaType::is_json() const noexcept {
  if (is("application/json")) return true;
  return essence.size() > 5 && equals_ignore_case(essence.substr(essence.size() - 5), "+json");
}

std::optional<std::string_view> MediaType::parameter(std::string_view name, std::string& unescaped) const {
  for (std::string_view rest = parameters; !rest.empty();) {
    const std::string_view element = take_element(rest, ';');
    const std::size_t equals = element.find('=');
    if (equals == std::string_view::npos || !equals_ignore_case(element.substr(0, equals), name)) continue;
    const std::string_view value = element.substr(equals + 1);
    if (!value.starts_with('"')) return is_token(value) ? std::optional(value) : std::nullopt;
    if (value.size() < 2 || !value.ends_with('"')) return std::nullopt;
    unescaped.clear();
    for (std::size_t i = 1; i + 1 < value.size(); ++i) {
      if (value[i] == '\\' && i + 2 < value.size()) ++i;
      unescaped += value[i];
    }
    return unescaped;
  }
  return std::nullopt;
}

int media_quality(const http::ListField& accept, std::string_view type) noexcept {
  if (accept.is_line("*/*")) return 1000;  // what most clients send
  int best_precision = 0;
  int best_quality = 0;
  bool any = false;
  for (std::string_view element : accept) {
    const std::string_view range = take_element(element, ';');
    const int wanted = quality(element);
    if (range.find('/') == std::string_view::npos || wanted < 0) return 1000;  // malformed
    any = true;
    const int exact = precision(range, type);
    if (exact > best_precision || (exact == best_precision && exact > 0 && wanted > best_quality)) {
      best_precision = exact;
      best_quality = wanted;
    }
  }
  return any ? best_quality : 1000;
}

bool is_coding(std::string_view name, std::string_view coding) noexcept {
  return equals_ignore_case(name, coding) || (coding == "gzip" && equals_ignore_case(name, "x-gzip"));
}

int encoding_quality(const http::ListField& accept_encoding, std::string_view coding) noexcept {
  int others = coding == "identity" ? 1 : 0;
  for (std::string_view element : accept_encoding) {
    const std::string_view name = take_element(element, ';');
    const int wanted = quality(element);
    if (wanted < 0) continue;
    if (is_coding(name, coding)) return wanted;
    if (name == "*") others = wanted;
  }
  return others;
}

bool prefers_coding(const http::ListField& accept_encoding, std::string_view coding) noexcept {
  const int wanted = encoding_quality(accept_encoding, coding);
  return wanted > 0 && wanted >= encoding_quality(accept_encoding, "identity");
}

void add_vary(http::Response& response, std::string_view name) {
  if (!response.list("vary").contains("*")) response.add_to_list("vary", name);
}

}  // namespace marty::web
