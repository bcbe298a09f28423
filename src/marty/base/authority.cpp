#include "marty/base/authority.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "marty/base/strings.hpp"

namespace marty {
namespace {

enum CharacterClass : std::uint8_t {
  kUnreserved = 1,  // RFC 3986 section 2.3: what most hosts are made of
  kHost = 2,        // reg-name and port, a colon included: section 3.2, without user information
};

consteval std::array<std::uint8_t, 256> make_character_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view set, int bits) {
    for (const char c : set) classes[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bits);
  };
  add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~", kUnreserved | kHost);
  add("%!$&'()*+,;=:", kHost);
  return classes;
}
constexpr std::array<std::uint8_t, 256> kCharacterClasses = make_character_classes();

bool all_in_class(std::string_view text, CharacterClass wanted) noexcept {
  std::uint8_t common = wanted;
  for (const char c : text) common &= kCharacterClasses[static_cast<unsigned char>(c)];
  return common == wanted;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// Each '%' stands before two hexadecimal digits: RFC 3986 section 2.1.
bool has_valid_escapes(std::string_view text) noexcept {
  for (std::size_t at = 0; (at = text.find('%', at)) != std::string_view::npos; at += 3) {
    if (text.size() - at < 3 || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
  }
  return true;
}

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

// "v1.anything": RFC 3986 section 3.2.2.
bool is_future_address(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || (text.front() != 'v' && text.front() != 'V')) return false;
  const std::string_view version = text.substr(1, dot - 1), rest = text.substr(dot + 1);
  return std::all_of(version.begin(), version.end(), is_hex) && !rest.empty() && all_in_class(rest, kHost) &&
         rest.find('%') == std::string_view::npos;
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

bool is_authority(std::string_view text) noexcept {
  const auto is_plain = [](char c) { return (kCharacterClasses[static_cast<unsigned char>(c)] & kUnreserved) != 0; };
  std::size_t plain = 0;
  while (plain < text.size() && is_plain(text[plain])) ++plain;
  if (plain != 0 && plain == text.size()) return true;
  if (plain != 0 && text[plain] == ':') return is_port(text.substr(plain));
  const auto [host, port] = parts_of(text);
  return is_host(host) && is_port(port);
}

bool is_connectable(std::string_view text) noexcept {
  const std::string_view port = parts_of(text).port;
  return is_authority(text) && (port.size() <= 1 || port.find_first_not_of('0', 1) != std::string_view::npos);
}

std::string_view authority_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

std::string_view default_port(std::string_view scheme) noexcept {
  if (equals_ignore_case(scheme, "http")) return "80";
  return equals_ignore_case(scheme, "https") ? "443" : "";
}

bool is_same_authority(std::string_view left, std::string_view right, std::string_view default_port) noexcept {
  const Parts one = parts_of(left), other = parts_of(right);
  return equals_ignore_case(one.host, other.host) && is_same_port(one.port, other.port, default_port);
}

}  // namespace marty
