// What a service is watched with, as files: dashboards for Grafana, rules for Prometheus. Made from the metric families
// that the service registers, so that no panel and no alert can ask for what is not there.
//
//   for (const File& file : observability::rule_files(families, {.service = "petstore", .slos = slos}))
//     runtime::write_file(folder / file.path, file.text);
//
// The files in ops/observability are these, for every service at a time. PROGRAM observability writes those of one.
// docs/guide/observability.md shows them.
#pragma once

#include <string>
#include <vector>

#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/slo.hpp"

namespace marty::observability {

struct File {
  std::string path;  // "rules/slo.yaml", "dashboards/mmf-service-overview.json"
  std::string text;
};

// MMF Service Overview, MMF Distributed Tracing, MMF Plugin Debugging and MMF Performance Analysis, over all services.
// Throws not_found or invalid_argument where the families lack what they need.
std::vector<File> dashboard_files(const std::vector<telemetry::MetricFamily>& families);

// A dashboard of what a service measures besides: a panel for each family that is not in `standard`. Nothing where
// there is none.
std::vector<File> own_dashboard(const std::string& service, const std::vector<telemetry::MetricFamily>& families,
                                const std::vector<telemetry::MetricFamily>& standard);

struct RuleOptions {
  std::string service;      // empty: of every service that is scraped
  std::string environment;  // its alerts; empty: the alerts of every environment, a file each
  std::vector<telemetry::Slo> slos;
};

// rules/ENVIRONMENT.yaml and, where there are objectives, rules/slo.yaml. Throws as alert_rules() and slo_rules() do.
std::vector<File> rule_files(const std::vector<telemetry::MetricFamily>& families, const RuleOptions& options);

}  // namespace marty::observability
