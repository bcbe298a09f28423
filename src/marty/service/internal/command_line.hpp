// What a service's program was asked to do.
//
//   petstore [run] [--directory DIR] [--environment NAME]
//   petstore migrate up [--to N] [--dry-run] | down --to N [--dry-run] | status
//   petstore openapi
//   petstore config init --template rest|grpc|hybrid
//   petstore observability dashboards | rules [--output DIR]
//   petstore config validate | show [--output table|json] | explain KEY [--output ...] | schema
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace marty::service {

struct CommandLine {
  enum class Command {
    run,
    migrate_up,
    migrate_down,
    migrate_status,
    openapi,
    config_init,
    config_validate,
    config_show,
    config_explain,
    config_schema,
    observability_dashboards,
    observability_rules,
  };
  Command command = Command::run;
  std::string directory;           // where config/ and migrations/ are; empty: MARTY_HOME, else the working directory
  std::string environment;         // empty: MARTY_ENV, else development
  std::optional<std::int64_t> to;  // migrate: the version to stop at
  bool dry_run = false;
  std::string config_template;           // config init: which
  std::string key;                       // config explain: of what
  bool json = false;                     // config: the output
  std::string folder = "observability";  // observability: where its files go
};

// Either what to do, or what to print before leaving with `exit_code` (0 for --help and --version, 2 for wrong usage).
struct CommandLineResult {
  std::optional<CommandLine> command_line;
  int exit_code = 0;
  std::string message;
};

CommandLineResult parse_command_line(const std::string& name, const std::string& version, int argc,
                                     const char* const* argv);

}  // namespace marty::service
