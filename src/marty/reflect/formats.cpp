#include "marty/reflect/formats.hpp"

#include <algorithm>

#include "marty/base/authority.hpp"
#include "marty/base/check.hpp"

namespace marty::reflect {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// Calls `accept` with every part of `text` between separators until it says no.
template <class Accept>
bool every_part(std::string_view text, char separator, Accept accept) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!accept(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

// Of letters, digits, escapes (RFC 3986 section 2.1) and `others`.
bool is_written(std::string_view text, std::string_view others) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    } else if (!is_alnum(text[i]) && !is_one_of(text[i], others)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const bool local = every_part(text.substr(0, at), '.', [](std::string_view atom) {
    return !atom.empty() && std::all_of(atom.begin(), atom.end(),
                                        [](char c) { return is_alnum(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~"); });
  });
  return local && is_hostname(text.substr(at + 1));
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(text[0])) return false;
  const std::string_view scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  if (!std::all_of(scheme.begin(), scheme.end(), [](char c) { return is_alnum(c) || is_one_of(c, "+-."); }))
    return false;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view all = rest.substr(0, rest.find_first_of("/?#"));
    rest.remove_prefix(all.size());
    const std::size_t at = all.find('@');
    const std::string_view authority = at == std::string_view::npos ? all : all.substr(at + 1);
    if (at != std::string_view::npos && !is_written(all.substr(0, at), "-._~!$&'()*+,;=:")) return false;
    if (!authority.empty() && !is_authority(authority)) return false;  // "file:///etc/hosts" has none
  }
  const std::size_t fragment = rest.find('#');
  constexpr std::string_view kRest = "-._~:/?@!$&'()*+,;=";
  return is_written(rest.substr(0, fragment), kRest) &&
         (fragment == std::string_view::npos || is_written(rest.substr(fragment + 1), kRest));
}

bool is_hostname(std::string_view text) { return text.size() <= 253 && every_part(text, '.', is_label); }

bool is_ipv4(std::string_view text) { return marty::is_ipv4(text); }
bool is_ipv6(std::string_view text) { return marty::is_ipv6(text); }

bool has_format(std::string_view format, std::string_view text) {
  if (format == "email") return is_email(text);
  if (format == "uri") return is_uri(text);
  if (format == "hostname") return is_hostname(text);
  if (format == "ipv4") return is_ipv4(text);
  MARTY_CHECK(format == "ipv6");
  return is_ipv6(text);
}

}  // namespace marty::reflect
