// Service::run(): from the command line to the exit code.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/internal/address_space.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

void print(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  if (!text.ends_with('\n')) std::fputc('\n', file);
  std::fflush(file);
}

std::string_view state_name(data::MigrationState state) {
  switch (state) {
    case data::MigrationState::applied:
      return "applied";
    case data::MigrationState::pending:
      return "pending";
    case data::MigrationState::changed:
      return "changed since it was applied";
    case data::MigrationState::unknown:
      break;
  }
  return "applied, but its file is missing";
}

void print_steps(const std::vector<data::MigrationStep>& steps, bool dry_run) {
  if (steps.empty()) print(stdout, "nothing to do");
  for (const data::MigrationStep& step : steps) {
    print(stdout, std::string(dry_run ? "would run " : "ran ") + (step.up ? "up " : "down ") +
                      std::to_string(step.version) + "_" + step.name);
    if (dry_run) print(stdout, step.sql);
  }
}

// The stores' connections belong to the world, which ends before the service does.
struct CloseStores {
  service::SecretStores& stores;
  ~CloseStores() { stores.close(); }
};

}  // namespace

// Like `make -C`: configuration, migrations and a database file are all found from there.
void Service::State::enter_directory() {
  std::error_code failure;
  std::filesystem::current_path(options.directory, failure);
  if (failure) throw Error(Code::not_found, "cannot work in " + options.directory + ": " + failure.message());
  options.directory = ".";
}

int Service::State::run(Service& self) {
  service::fit_into_address_space();
  const service::CommandLineResult parsed =
      service::parse_command_line(name, description.version, static_cast<int>(arguments.size()), arguments.data());
  if (!parsed.command_line) {
    print(parsed.exit_code == 0 ? stdout : stderr, parsed.message);
    return parsed.exit_code;
  }
  const service::CommandLine& line = *parsed.command_line;
  if (const std::string home = config::value_of(options.variables, "MARTY_HOME"); !home.empty())
    options.directory = home;
  if (!line.directory.empty()) options.directory = line.directory;
  if (!line.environment.empty()) options.environment = line.environment;
  try {
    enter_directory();
    if (line.command == service::CommandLine::Command::config_init) return init_configuration(line), 0;
    int exit_code = 0;
    runtime::World::real(world_options())->run([&] {
      const CloseStores closing{secret_stores};
      exit_code = carry_out(line, self);
    });
    return exit_code;
  } catch (const std::bad_alloc&) {
    if (logging != nullptr) logging->flush();
    print(stderr, name +
                      ": out of memory; allow the process more (ulimit -v, the container's limit), or let it need "
                      "less: server.loops, server.fiber_stack");
    return 1;
  } catch (const std::exception&) {
    if (logging != nullptr) logging->flush();
    print(stderr, name + ": " + marty::describe(std::current_exception()));
    return 1;
  }
}

int Service::State::carry_out(const service::CommandLine& line, Service& self) {
  using Command = service::CommandLine::Command;
  will_serve = line.command == Command::run || line.command == Command::config_validate;
  switch (line.command) {
    case Command::config_validate:
    case Command::config_show:
    case Command::config_explain:
    case Command::config_schema:
      return inspect_configuration(line);
    default:
      break;
  }
  if (line.command != Command::run) options.log_sink = &standard_error;
  load_configuration();
  switch (line.command) {
    case Command::run:
      return serve(self);
    case Command::openapi:
      return print_openapi();
    case Command::observability_dashboards:
    case Command::observability_rules:
      return write_observability(line);
    default:
      return migrate(line);
  }
}

// What the world itself is made of has to be known before there is one, and so before there are secrets. What is wrong
// with it is said when all is loaded.
runtime::WorldOptions Service::State::world_options() const {
  const auto section = config::load(load_options()).bind<service::ServerSection>("server");
  runtime::WorldOptions result;
  result.loops = section.loops;
  result.stack_bytes = static_cast<std::size_t>(section.fiber_stack.bytes());
  result.stall_threshold = section.stall_threshold;
  return result;
}

int Service::State::serve(Service& self) {
  owns_process = true;
  constexpr int kSignals[] = {SIGTERM, SIGINT};
  runtime::Event asked_to_stop;
  // Caught from the beginning: a signal that comes just when the service is ready has to stop it in order.
  auto signal = runtime::spawn([&] { runtime::wait_for_signal(kSignals), asked_to_stop.set(); }, "signal");
  // Started now, as there may be no memory for it in the end. A second signal is from somebody who does not want to
  // wait.
  runtime::Event stop_now;
  bool cut_off = false;
  hurry.emplace();
  auto stopping = runtime::spawn([&] { stop_now.wait(), self.stop(); }, "stop");
  auto impatient = runtime::spawn(
      [&] {
        stop_now.wait();
        runtime::wait_for_signal(kSignals);
        cut_off = true;
        hurry->set();
        stopping.cancel();
      },
      "second signal");
  runtime::Event ready;
  auto hang_up = runtime::spawn([&] { reload_on_hang_up(ready); }, "SIGHUP");
  runtime::yield();
  if (!start_until(self, asked_to_stop)) {
    print(stderr, name + " was stopped before it was ready");
    return 0;
  }
  const std::string url = (tls_section.enabled() ? "https://" : "http://") + server->address().to_string();
  print(stderr, name + " " + description.version + " serves " + url +
                    (server_section.docs ? "  docs " + url + "/docs" : "") + "  health " + url + "/health  metrics " +
                    url + "/metrics" + (grpc_server != nullptr ? "  gRPC " + grpc_server->address().to_string() : "") +
                    (admin_server != nullptr ? "  admin http://" + admin_server->address().to_string() : ""));
  ready.set();
  asked_to_stop.wait();
  hang_up.cancel();
  stop_now.set();
  stopping.join();
  if (cut_off) print(stderr, name + " was told twice to stop: requests in flight were cut off");
  return cut_off ? 1 : 0;
}

// Caught from the beginning, too: unhandled it would end the process.
void Service::State::reload_on_hang_up(runtime::Event& ready) {
  constexpr int kHangUp[] = {SIGHUP};
  for (;;) {
    try {
      runtime::wait_for_signal(kHangUp);
      ready.wait();
      const telemetry::ContextScope scope(context);
      reloader.reload("SIGHUP");
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) return;  // the end; any other is in the log
    } catch (const std::exception&) {
    }
  }
}

// False where a stop was asked for before the start was done.
bool Service::State::start_until(Service& self, runtime::Event& asked_to_stop) {
  auto starting = runtime::spawn([&] { self.start(); }, "start");
  auto interruption = runtime::spawn([&] { asked_to_stop.wait(), starting.cancel(); }, "interruption of the start");
  try {
    starting.join();
  } catch (const Error&) {
    if (asked_to_stop.is_set()) return false;
    throw;
  }
  return true;
}

int Service::State::migrate(const service::CommandLine& line) {
  using Command = service::CommandLine::Command;
  if (!database_plan) throw Error(Code::failed_precondition, "this service has no database to migrate");
  make_database();
  data::Migrations steps(*database, read_migrations(database_section));
  if (line.command == Command::migrate_status) {
    for (const data::MigrationStatus& status : steps.status()) {
      print(stdout, std::to_string(status.version) + "_" + status.name + "  " + std::string(state_name(status.state)) +
                        (status.applied_at.empty() ? "" : " at " + status.applied_at));
    }
  } else {
    const std::int64_t to = line.to.value_or(steps.newest());
    print_steps(line.dry_run ? steps.plan(to) : steps.to(to), line.dry_run);
  }
  database.reset();
  return 0;
}

int Service::State::print_openapi() {
  if (database_plan) make_database();
  app.options().docs = true;
  app.start();
  print(stdout, app.openapi_text());
  app.stop();
  database.reset();
  return 0;
}

}  // namespace marty
