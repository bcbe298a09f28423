#include "marty/telemetry/log_levels.hpp"

#include <algorithm>
#include <array>

namespace marty::telemetry {

std::string_view level_name(Level level) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info", "warning", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

Level LogLevels::of(std::string_view logger) const noexcept {
  while (!loggers.empty()) {
    if (const auto found = loggers.find(logger); found != loggers.end()) return found->second;
    const std::size_t dot = logger.rfind('.');
    if (dot == std::string_view::npos) break;
    logger = logger.substr(0, dot);
  }
  return level;
}

Level LogLevels::least() const noexcept {
  Level least = level;
  for (const auto& [name, own] : loggers) least = std::min(least, own);
  return least;
}

}  // namespace marty::telemetry
