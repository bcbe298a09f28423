#include "marty/admin/internal/settings_pages.hpp"

#include <fmt/format.h>

#include "marty/admin/internal/html.hpp"
#include "marty/base/error.hpp"

namespace marty::admin::internal {
namespace {

constexpr Logger kLog("marty.admin");
constexpr std::size_t kMaxLoggers = 100;

constexpr telemetry::Level kLevels[] = {telemetry::Level::trace,   telemetry::Level::debug, telemetry::Level::info,
                                        telemetry::Level::warning, telemetry::Level::error, telemetry::Level::off};

}  // namespace

Settings settings(const Subject& subject) {
  const runtime::Pin pin = subject.configuration.pin();
  const config::Tree& tree = subject.configuration.of(pin).tree;
  Settings result{.service = subject.name,
                  .environment = subject.environment,
                  .generation = subject.configuration.generation(),
                  .warnings = tree.warnings(),
                  .settings = {}};
  for (const config::Setting& each : tree.settings()) {
    std::vector<config::Layer> layers = tree.explain(each.key);
    if (!layers.empty()) layers.pop_back();  // the one that counts
    result.settings.push_back({each.key, each.value, each.origin, each.reloadable, std::move(layers)});
  }
  return result;
}

std::string to_html(const Settings& settings) {
  Html page("Configuration", settings.service);
  page.note(fmt::format("Generation {}, environment {}. What is confidential is not shown.", settings.generation,
                        settings.environment));
  for (const std::string& warning : settings.warnings) page.note("Warning: " + warning);
  page.table({"setting", "value", "from", "changes", "instead of"});
  for (const SettingFacts& each : settings.settings) {
    std::string replaced;
    for (const config::Layer& layer : each.replaced)
      replaced += (replaced.empty() ? "" : "; ") + layer.value + " (" + layer.origin + ")";
    Cell origin = text(each.origin);
    if (each.origin == "default") origin.style = "dim";
    page.row(
        {code(each.key), long_code(each.value), origin, text(each.reloadable ? "at run time" : ""), text(replaced)});
  }
  page.end_table();
  return page.finish();
}

Levels levels(const Subject& subject) {
  const telemetry::LogLevels current = subject.logging.levels();
  Levels result{.service = subject.name, .level = current.level, .loggers = {}};
  for (const auto& [logger, level] : current.loggers) result.loggers.push_back({logger, level});
  return result;
}

std::string to_html(const Levels& levels) {
  Html page("Log levels", levels.service);
  page.note(
      "The least that is logged. A name stands for the loggers below it, too. A change counts at once, until the "
      "section logging of the configuration changes or the service ends.");
  page.table({"logger", "level"});
  page.row({text("all others"), text(telemetry::level_name(levels.level))});
  for (const LoggerLevel& each : levels.loggers) page.row({code(each.logger), text(telemetry::level_name(each.level))});
  page.end_table();
  page.literal(
      "<form method=\"post\" action=\"/log-levels\"><input name=\"logger\" placeholder=\"logger; empty: all "
      "others\" size=\"28\" maxlength=\"100\" aria-label=\"logger\"><select name=\"level\" aria-label=\"level\">");
  for (const telemetry::Level level : kLevels) {
    page.literal(level == levels.level ? "<option selected>" : "<option>");
    page.escaped(telemetry::level_name(level));
    page.literal("</option>");
  }
  page.literal("</select><button>Set</button></form>");
  return page.finish();
}

void change_level(telemetry::Logging& logging, const LevelChange& change) {
  const std::string logger = change.logger.value_or("");
  const telemetry::LogLevels before = logging.levels();
  if (!logger.empty() && !before.loggers.contains(logger) && before.loggers.size() >= kMaxLoggers)
    throw Error(Code::resource_exhausted,  // tidy:allow(caller): who sets levels has set too many
                fmt::format("{} loggers have a level of their own already: set that of a name which stands for several",
                            kMaxLoggers));
  kLog.info("log level changed", {{"of", logger.empty() ? std::string_view("all others") : std::string_view(logger)},
                                  {"to", telemetry::level_name(change.level)}});
  logger.empty() ? logging.set_level(change.level) : logging.set_level(logger, change.level);
}

}  // namespace marty::admin::internal
