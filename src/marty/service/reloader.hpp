// Reloader: keeps a service's configuration up to date – when its files change, when a secret is rotated, when somebody
// asks – and tells what came of it in the log and in mmf_config_generation and mmf_config_reloads_total{result}.
//
//   Reloader reloader(configuration, metrics);
//   reloader.start({.folders = {"config"}, .secrets = &secrets, .refresh_interval = 1min});   // on a fiber
//   reloader.reload("SIGHUP");        // at any time, from any fiber
//   reloader.stop();                  // from a fiber of the same loop
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "marty/config/configuration.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/file_watch.hpp"
#include "marty/secrets/secrets.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::service {

class Reloader {
 public:
  struct Watched {
    std::vector<std::filesystem::path> folders;  // none: files are not watched
    secrets::Secrets* secrets = nullptr;         // null: there are none
    runtime::Duration refresh_interval{0};       // of the secrets; 0: never
  };

  Reloader(config::Configuration& configuration, telemetry::Metrics& metrics);

  void start(Watched watched);
  void stop() noexcept;

  // Reads everything, secrets too, because somebody asks for it; the log says what came of it. Throws as
  // Configuration::reload() does, after the log has it: once, as long as the reason stays the same. `cause` is for the
  // log.
  config::Reload reload(std::string_view cause);

  // Why the last reload was refused; "" where it was not.
  std::string failure();

 private:
  using Fiber = runtime::Task<std::function<void()>>;

  config::Reload take_over(std::string_view cause);
  void try_reload(std::string_view cause);
  void watch_files();
  void watch_secrets();
  void report_stores();
  void report(const config::Reload& result, std::string_view cause);
  void report_failure(const std::string& reason, std::string_view cause);

  config::Configuration& configuration_;
  telemetry::Gauge generation_;
  telemetry::Counter applied_, unchanged_, refused_;
  Watched watched_;
  std::unique_ptr<runtime::FileWatch> watch_;  // null: files are not watched
  std::vector<Fiber> fibers_;
  std::atomic<bool> rotated_ = false;                  // secrets have changed that no reload has taken over yet
  runtime::Mutex reporting_;                           // guards the rest
  std::map<std::string, std::string> store_failures_;  // as they were last told, by store
  std::string failure_;
  std::vector<std::string> needs_restart_;
};

}  // namespace marty::service
