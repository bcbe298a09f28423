#include "marty/http/internal/authority.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/http/internal/characters.hpp"

namespace marty::http::internal {
namespace {

struct Parts {
  std::string_view host;  // with its brackets
  std::string_view port;  // with its colon; "" where there is none
};

Parts parts_of(std::string_view authority) noexcept {
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = std::min(authority.find(':', std::min(bracket, authority.size())), authority.size());
  return {authority.substr(0, colon), authority.substr(colon)};
}

// ":" *DIGIT, and no number that is none of TCP.
bool is_port(std::string_view text) noexcept {
  if (text.empty()) return true;
  unsigned number = 0;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return false;
    number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 65'536u);
  }
  return number <= 65'535;
}

bool is_ipv4(std::string_view text) noexcept {
  for (int octets = 1;; ++octets) {
    const std::string_view octet = text.substr(0, text.find('.'));
    if (octet.empty() || octet.size() > 3 || (octet.size() > 1 && octet.front() == '0')) return false;
    unsigned number = 0;
    for (const char c : octet) {
      if (!is_digit(c)) return false;
      number = number * 10 + static_cast<unsigned>(c - '0');
    }
    if (number > 255) return false;
    text.remove_prefix(octet.size());
    if (text.empty()) return octets == 4;
    text.remove_prefix(1);
  }
}

// Eight groups, one "::" in place of at least one of them, and perhaps an IPv4 address in place of the last two.
bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool shortened = text.starts_with("::");
  if (shortened) text.remove_prefix(2);
  while (!text.empty()) {
    const auto is_hex = [](char c) { return hex_digit_value(c) >= 0; };
    const auto size = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_hex) - text.begin());
    if (size < text.size() && text[size] == '.') {
      groups += 2;
      if (!is_ipv4(text)) return false;
      break;
    }
    if (size == 0 || size > 4) return false;
    ++groups;
    text.remove_prefix(size);
    if (text.empty()) break;
    if (text.front() != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
    if (text.front() != ':') continue;
    if (std::exchange(shortened, true)) return false;
    text.remove_prefix(1);
  }
  return shortened ? groups <= 7 : groups == 8;
}

// "v1.anything": RFC 3986 section 3.2.2.
bool is_future_address(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || (text.front() != 'v' && text.front() != 'V')) return false;
  const std::string_view version = text.substr(1, dot - 1), rest = text.substr(dot + 1);
  return std::all_of(version.begin(), version.end(), [](char c) { return hex_digit_value(c) >= 0; }) && !rest.empty() &&
         all_in_class(rest, kHost) && rest.find('%') == std::string_view::npos;
}

// REQUIRES that a colon stands in brackets only.
bool is_host(std::string_view host) noexcept {
  if (!host.starts_with('[')) return !host.empty() && all_in_class(host, kHost) && has_valid_escapes(host);
  if (!host.ends_with(']')) return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  return is_ipv6(address) || is_future_address(address);
}

bool is_same_port(std::string_view left, std::string_view right, std::string_view otherwise) noexcept {
  const auto number = [otherwise](std::string_view port) {
    if (port.size() <= 1) return otherwise;
    port.remove_prefix(std::min(port.find_first_not_of('0', 1), port.size() - 1));
    return port;
  };
  return number(left) == number(right);
}

}  // namespace

bool is_authority(std::string_view text) noexcept {
  if (!text.empty() && all_in_class(text, kUnreserved)) return true;
  const auto [host, port] = parts_of(text);
  return is_host(host) && is_port(port);
}

std::string_view default_port(std::string_view scheme) noexcept {
  if (equals_ignore_case(scheme, "http")) return "80";
  return equals_ignore_case(scheme, "https") ? "443" : "";
}

bool is_same_authority(std::string_view left, std::string_view right, std::string_view default_port) noexcept {
  const Parts one = parts_of(left), other = parts_of(right);
  return equals_ignore_case(one.host, other.host) && is_same_port(one.port, other.port, default_port);
}

}  // namespace marty::http::internal
