// Service level objectives as rules of Prometheus: their errors over several windows are recorded, and alerts fire when
// the error budget burns too fast (https://sre.google/workbook/alerting-on-slos/, multiwindow, multi-burn-rate alerts).
//
//   const std::vector<RuleGroup> groups = slo_rules(queries, telemetry::default_slos());
//
// Recorded for each service and objective {service, slo}, under the names that Sloth uses:
//   slo:sli_error:ratio_rate5m ...       the part of the requests that were bad, for each window of an alert
//   slo:sli_bad:rate5m, slo:sli_total:rate5m   requests a second; of these the whole period's ratio is made
//   slo:objective:ratio, slo:current_burn_rate:ratio, slo:period_burn_rate:ratio
//   slo:period_error_budget_remaining:ratio    1: untouched; 0: spent; below: missed
// Of an objective over 30 days, MMFErrorBudgetBurn fires at a burn rate of 14.4 over 1 h and 5 min or of 6 over 6 h and
// 30 min (severity page), 3 over 1 d and 2 h or 1 over 3 d and 6 h (severity ticket). Of others the windows are in
// proportion, in whole minutes; the rates stay, since they say which part of the budget is gone when it fires.
#pragma once

#include <span>
#include <vector>

#include "marty/observability/rules.hpp"
#include "marty/telemetry/slo.hpp"

namespace marty::observability {

// Throws invalid_argument for an objective that is not between 0 and 1, a name that is no label value of letters,
// digits and '-' or is there twice, a window below a day, and a threshold that is no bound of the histogram.
std::vector<RuleGroup> slo_rules(const Queries& queries, std::span<const telemetry::Slo> slos);

}  // namespace marty::observability
