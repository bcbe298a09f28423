// PROGRAM observability dashboards, rules.
#include "marty/observability/observability.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "marty/runtime/file.hpp"
#include "marty/service/internal/state.hpp"
#include "marty/telemetry/standard_families.hpp"

namespace marty {

// What every service has, less what this one is without, and its own. Many appear only with the first request, which
// is why the registry alone does not do.
std::vector<telemetry::MetricFamily> Service::State::metric_families() {
  if (database_plan) make_database();
  app.start();
  std::vector<telemetry::MetricFamily> families = telemetry::standard_families();
  std::erase_if(families, [&](const telemetry::MetricFamily& family) {
    return (!database_plan && (family.name.starts_with("mmf_database_") || family.name.starts_with("mmf_db_"))) ||
           (plugins == nullptr && family.name.starts_with("mmf_plugin_"));
  });
  for (telemetry::MetricFamily& own : metrics.read()) {
    if (std::ranges::count(families, own.name, &telemetry::MetricFamily::name) == 0) families.push_back(std::move(own));
  }
  app.stop();
  database.reset();
  return families;
}

int Service::State::write_observability(const service::CommandLine& line) {
  const std::vector<telemetry::MetricFamily> families = metric_families();
  const std::vector<telemetry::MetricFamily> standard = telemetry::standard_families();
  std::vector<observability::File> files;
  if (line.command == service::CommandLine::Command::observability_dashboards) {
    files = observability::dashboard_files(standard);  // the same for all services
    std::ranges::move(observability::own_dashboard(name, families, standard), std::back_inserter(files));
  } else {
    files = observability::rule_files(
        families, {.service = name, .environment = environment, .slos = telemetry_section.objectives()});
  }
  for (const observability::File& file : files) {
    const std::filesystem::path path = std::filesystem::path(line.folder) / file.path;
    std::filesystem::create_directories(path.parent_path());
    runtime::write_file(path, file.text);
    std::printf("wrote %s\n", path.c_str());
  }
  return 0;
}

}  // namespace marty
