// LogLevels: from which level on lines are written – those of all loggers, and those of some by their names.
//
//   LogLevels levels{.level = Level::info, .loggers = {{"petstore.orders", Level::debug}}};
//   levels.of("petstore.orders.refunds");     // debug: a name stands for the loggers below it, too; the longest wins
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace marty::telemetry {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };
std::string_view level_name(Level level) noexcept;

struct LogLevels {
  Level level = Level::info;
  std::map<std::string, Level, std::less<>> loggers;  // by name; names have parts with dots between them

  Level of(std::string_view logger) const noexcept;
  Level least() const noexcept;  // of all: what is below it is written by nobody
  bool operator==(const LogLevels&) const = default;
};

}  // namespace marty::telemetry
