#include "marty/reflect/formats.hpp"

#include <algorithm>

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

// The groups of one side of "::"; gives how many, or -1. The last one may be an IPv4 address, which counts as two.
int count_groups(std::string_view side, bool may_end_in_ipv4) {
  if (side.empty()) return 0;
  int groups = 0;
  const bool valid = every_part(side, ':', [&](std::string_view group) {
    const bool last = group.data() + group.size() == side.data() + side.size();
    if (last && may_end_in_ipv4 && is_ipv4(group)) {
      groups += 2;
      return true;
    }
    ++groups;
    return !group.empty() && group.size() <= 4 && std::all_of(group.begin(), group.end(), is_hex);
  });
  return valid ? groups : -1;
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
  const std::string_view scheme = text.substr(0, colon), rest = text.substr(colon + 1);
  if (!std::all_of(scheme.begin(), scheme.end(), [](char c) { return is_alnum(c) || is_one_of(c, "+-."); }))
    return false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '%') {
      if (i + 2 >= rest.size() || !is_hex(rest[i + 1]) || !is_hex(rest[i + 2])) return false;
    } else if (!is_alnum(rest[i]) && !is_one_of(rest[i], "-._~:/?#[]@!$&'()*+,;=")) {
      return false;
    }
  }
  return std::count(rest.begin(), rest.end(), '#') <= 1;
}

bool is_hostname(std::string_view text) { return text.size() <= 253 && every_part(text, '.', is_label); }

bool is_ipv4(std::string_view text) {
  int parts = 0;
  const bool valid = every_part(text, '.', [&](std::string_view part) {
    ++parts;
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), is_digit)) return false;
    if (part.size() > 1 && part[0] == '0') return false;
    return part.size() < 3 || part <= "255";
  });
  return valid && parts == 4;
}

bool is_ipv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == 8;
  const int left = count_groups(text.substr(0, gap), false), right = count_groups(text.substr(gap + 2), true);
  return left >= 0 && right >= 0 && left + right <= 7;
}

bool has_format(std::string_view format, std::string_view text) {
  if (format == "email") return is_email(text);
  if (format == "uri") return is_uri(text);
  if (format == "hostname") return is_hostname(text);
  if (format == "ipv4") return is_ipv4(text);
  MARTY_CHECK(format == "ipv6");
  return is_ipv6(text);
}

}  // namespace marty::reflect
