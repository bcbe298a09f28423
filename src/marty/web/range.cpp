#include "marty/web/range.hpp"

#include <algorithm>
#include <charconv>

#include "marty/base/strings.hpp"

namespace marty::web {
namespace {

// Digits only. A number beyond 64 bits is as good as the largest one.
std::optional<std::uint64_t> read_number(std::string_view text) noexcept {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() ? value : ~std::uint64_t{0};
}

}  // namespace

RangeRequest parse_range(std::string_view header, std::uint64_t size) noexcept {
  using Kind = RangeRequest::Kind;
  constexpr std::string_view kUnit = "bytes=";
  if (!equals_ignore_case(header.substr(0, kUnit.size()), kUnit)) return {};
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = read_number(header.substr(0, dash));
  const auto last = read_number(header.substr(dash + 1));
  if (dash == 0) {  // the last n bytes
    if (!last) return {};
    if (*last == 0) return {Kind::unsatisfiable};
    if (size == 0) return {};
    const std::uint64_t length = std::min(*last, size);
    return {Kind::part, {size - length, length}};
  }
  if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) return {};
  if (*first >= size) return {Kind::unsatisfiable};
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {Kind::part, {*first, end - *first + 1}};
}

}  // namespace marty::web
