// Alerts: what somebody has to know about a service, with limits for each environment.
//
//   const std::vector<RuleGroup> groups = alert_rules(queries, "production");
//
// MMFServiceDown, MMFHighErrorRate, MMFHighLatency, MMFCorrelationTrackingFailure, MMFHighMemoryUsage, MMFHighCPUUsage;
// MMFDatabaseConnectionFailure where the registry has a database, MMFPluginErrors, MMFPluginHighLatency and
// MMFPluginFailureSpike where it has plugins. Each says in `runbook` what to do, and in `dashboard` where to look. The
// label `severity` is critical or warning in production, warning in staging and info elsewhere; `environment` is there
// to route by. The limits stand in alerts.cpp, once.
#pragma once

#include <string_view>
#include <vector>

#include "marty/observability/rules.hpp"

namespace marty::observability {

inline constexpr std::string_view kEnvironments[] = {"development", "testing", "staging", "production"};

// Throws invalid_argument for another environment.
std::vector<RuleGroup> alert_rules(const Queries& queries, std::string_view environment);

}  // namespace marty::observability
