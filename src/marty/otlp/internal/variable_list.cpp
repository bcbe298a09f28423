#include "marty/otlp/internal/variable_list.hpp"

#include <algorithm>

namespace marty::otlp::internal {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> split_list(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  while (!text.empty()) {
    const std::string_view member = trimmed(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.find(','), text.size() - 1) + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || trimmed(member.substr(0, equals)).empty()) return std::nullopt;
    members.emplace_back(trimmed(member.substr(0, equals)), trimmed(member.substr(equals + 1)));
  }
  return members;
}

}  // namespace marty::otlp::internal
