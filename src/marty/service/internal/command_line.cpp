#include "marty/service/internal/command_line.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace marty::service {
namespace {

void add_migrate(CLI::App& app, CommandLine& line) {
  using Command = CommandLine::Command;
  CLI::App* migrate = app.add_subcommand("migrate", "Bring the database schema to a version");
  migrate->require_subcommand(1);
  CLI::App* up = migrate->add_subcommand("up", "Apply what is pending");
  up->add_option("--to", line.to, "The last version to apply");
  up->callback([&line] { line.command = Command::migrate_up; });
  CLI::App* down = migrate->add_subcommand("down", "Take versions back");
  down->add_option("--to", line.to, "The version to go back to; 0: an empty schema")->required();
  down->callback([&line] { line.command = Command::migrate_down; });
  for (CLI::App* direction : {up, down}) direction->add_flag("--dry-run", line.dry_run, "Only print what would run");
  migrate->add_subcommand("status", "List the versions and whether they are applied")->callback([&line] {
    line.command = Command::migrate_status;
  });
}

void add_config(CLI::App& app, CommandLine& line, std::string& output) {
  using Command = CommandLine::Command;
  CLI::App* config = app.add_subcommand("config", "Look at the configuration that the service would run with");
  config->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Command command) {
    CLI::App* const added = config->add_subcommand(name, description);
    added->callback([&line, &output, command] {
      line.command = command;
      line.json = output == "json";
    });
    return added;
  };
  CLI::App* init = add("init", "Write a configuration to start with into config/", Command::config_init);
  init->add_option("--template", line.config_template, "rest, grpc or hybrid")->required();
  CLI::App* validate = add("validate", "List all that is wrong with it", Command::config_validate);
  CLI::App* show = add("show", "Every setting, its value and where that comes from; no secrets", Command::config_show);
  CLI::App* explain = add("explain", "What each layer says about a setting", Command::config_explain);
  explain->add_option("key", line.key, "server.http_port, say")->required();
  add("schema", "Its JSON Schema, for editors", Command::config_schema);
  for (CLI::App* printing : {validate, show, explain})
    printing->add_option("--output", output, "table or json")->check(CLI::IsMember({"table", "json"}));
}

void add_observability(CLI::App& app, CommandLine& line) {
  using Command = CommandLine::Command;
  CLI::App* observability = app.add_subcommand("observability", "Write what this service is watched with");
  observability->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Command command) {
    CLI::App* const added = observability->add_subcommand(name, description);
    added->callback([&line, command] { line.command = command; });
    added->add_option("--output", line.folder, "The folder to write below");
  };
  add("dashboards", "Dashboards for Grafana, into dashboards/", Command::observability_dashboards);
  add("rules", "Alerts of the environment and objectives for Prometheus, into rules/", Command::observability_rules);
}

}  // namespace

CommandLineResult parse_command_line(const std::string& name, const std::string& version, int argc,
                                     const char* const* argv) {
  CommandLine line;
  std::string output = "table";
  CLI::App app(name + " " + version, name);
  app.set_version_flag("--version", name + " " + version);
  app.add_option("--directory", line.directory,
                 "The folder to work in, with config/ and migrations/ (else MARTY_HOME, else here)");
  app.add_option("--environment", line.environment,
                 "development, testing, staging or production (else MARTY_ENV, else development)");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_subcommand("run", "Serve until SIGTERM or SIGINT (the default)");
  app.add_subcommand("openapi", "Print the OpenAPI document")->callback([&line] {
    line.command = CommandLine::Command::openapi;
  });
  add_migrate(app, line);
  add_config(app, line, output);
  add_observability(app, line);
  try {
    // A program may be started, and a Service made, without even its own name.
    argc > 0 ? app.parse(argc, argv) : app.parse(std::vector<std::string>{});
    return {std::move(line), 0, ""};
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool asked = app.exit(error, out, out) == 0;
    return {std::nullopt, asked ? 0 : 2, out.str()};
  }
}

}  // namespace marty::service
