#include "marty/web/caller.hpp"

#include <algorithm>

namespace marty::web {
namespace {

std::string_view take_part(std::string_view& rest) noexcept {
  const std::size_t colon = rest.find(':');
  const std::string_view part = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  return part;
}

bool covers_permission(std::string_view held, std::string_view wanted) noexcept {
  if (std::count(held.begin(), held.end(), ':') != std::count(wanted.begin(), wanted.end(), ':')) return false;
  while (!held.empty() || !wanted.empty()) {
    const std::string_view part = take_part(held);
    if (const std::string_view asked = take_part(wanted); part != "*" && part != asked) return false;
  }
  return true;
}

}  // namespace

bool Caller::has_role(std::string_view role) const noexcept {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool Caller::may(std::string_view permission) const noexcept {
  return std::any_of(permissions.begin(), permissions.end(),
                     [&](const std::string& held) { return covers_permission(held, permission); });
}

}  // namespace marty::web
