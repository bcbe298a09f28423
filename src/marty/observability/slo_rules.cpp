#include "marty/observability/slo_rules.hpp"

#include <algorithm>
#include <set>

#include "marty/base/error.hpp"

namespace marty::observability {
namespace {

using telemetry::Slo;
using telemetry::SloKind;
using namespace std::chrono_literals;

const LabelNames kRecorded = {"service", "slo"};

// A pair of windows and what burns in them. Chapter 5 of the workbook, table 5-8, and the slow ticket of its text.
struct BurnAlert {
  double rate;
  runtime::Duration long_window;
  runtime::Duration short_window;
  bool page;
};
constexpr BurnAlert kBurnAlerts[] = {
    {14.4, 1h, 5min, true}, {6, 6h, 30min, true}, {3, 24h, 2h, false}, {1, 72h, 6h, false}};

void check(const Slo& slo, std::set<std::string>& names) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Code::invalid_argument, "the objective '" + slo.name + "' " + why);
  };
  const auto is_fine = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  if (slo.name.empty() ||
      !std::ranges::all_of(slo.name, [&](char c) { return is_fine(c) || c == '-' || (c >= '0' && c <= '9'); }))
    refuse("needs a name of letters, digits and '-'");
  if (!names.insert(slo.name).second) refuse("is there twice: give it another name");
  if (!(slo.objective > 0 && slo.objective < 1)) refuse("needs a share between 0 and 1, 0.999 say");
  if (slo.window < 24h) refuse("needs a window of a day at least");
}

// In proportion to the objective's window, in whole minutes: below that too few scrapes are in it.
runtime::Duration scaled(runtime::Duration of_thirty_days, runtime::Duration window) {
  const double days = static_cast<double>(window / 1min) / (60.0 * 24.0);
  const auto minutes = static_cast<double>(of_thirty_days / 1min) * days / 30;
  return std::chrono::minutes(std::max<std::int64_t>(1, static_cast<std::int64_t>(minutes + 0.5)));
}

Matchers routes_of(const Slo& slo) {
  if (slo.route.empty()) return {api_routes()};
  return {{"route", "=", slo.route}};
}

// Requests a second, all of them and the bad ones.
struct Rates {
  Query total;
  Query bad;
};

Rates rates_over(const Queries& queries, const Slo& slo, const std::string& window) {
  const Matchers routes = routes_of(slo);
  if (slo.kind == SloKind::latency) {
    const std::string metric = "mmf_request_duration_seconds";
    const Query total = sum_by({"service"}, queries.rate_count(metric, window, routes));
    const double seconds = std::chrono::duration<double>(slo.threshold).count();
    return {total, binary(total, "-", sum_by({"service"}, queries.rate_within(metric, seconds, window, routes)))};
  }
  Matchers failed = routes;
  failed.push_back({"status", "=~", slo.kind == SloKind::availability ? "5.." : "[45].."});
  const Query total = sum_by({"service"}, queries.rate("mmf_requests_total", window, routes));
  const Query bad = sum_by({"service"}, queries.rate("mmf_requests_total", window, failed));
  return {total, binary(bad, "or", binary(total, "*", number(0)))};
}

std::string ratio_over(const std::string& window) { return "slo:sli_error:ratio_rate" + window; }

class SloGroup {
 public:
  SloGroup(const Queries& queries, const Slo& slo) : queries_(queries), slo_(slo) {}

  RuleGroup recording() {
    group_.name = "mmf-slo-" + slo_.name;
    const std::string period = duration_text(slo_.window);
    const Rates base = rates_over(queries_, slo_, "5m");
    record("slo:sli_total:rate5m", base.total);
    record("slo:sli_bad:rate5m", base.bad);
    record(ratio_over("5m"), binary(own("slo:sli_bad:rate5m"), "/", above(own("slo:sli_total:rate5m"), 0)));
    std::set<std::string> windows = {"5m"};
    for (const BurnAlert& alert : kBurnAlerts) {
      for (const runtime::Duration each : {alert.short_window, alert.long_window}) {
        const std::string window = duration_text(scaled(each, slo_.window));
        if (!windows.insert(window).second) continue;
        const Rates rates = rates_over(queries_, slo_, window);
        record(ratio_over(window), binary(rates.bad, "/", above(rates.total, 0)));
      }
    }
    record(ratio_over(period),
           binary(over("slo:sli_bad:rate5m", period), "/", above(over("slo:sli_total:rate5m", period), 0)));
    record("slo:objective:ratio",
           binary(binary(own("slo:sli_total:rate5m"), "*", number(0)), "+", number(slo_.objective)));
    record("slo:current_burn_rate:ratio", burn(ratio_over("5m")));
    record("slo:period_burn_rate:ratio", burn(ratio_over(period)));
    record("slo:period_error_budget_remaining:ratio", binary(number(1), "-", own("slo:period_burn_rate:ratio")));
    return std::move(group_);
  }

  RuleGroup alerts() {
    group_.name = "mmf-slo-" + slo_.name + "-alerts";
    alert(true);
    alert(false);
    return std::move(group_);
  }

 private:
  double budget() const { return 1 - slo_.objective; }
  Query own(const std::string& name) const { return queries_.recorded(name, kRecorded, {{"slo", "=", slo_.name}}); }
  Query over(const std::string& name, const std::string& window) const {
    return queries_.recorded_over("sum_over_time", name, window, kRecorded, {{"slo", "=", slo_.name}});
  }
  Query burn(const std::string& ratio) const { return binary(own(ratio), "/", number(rounded(budget()))); }
  // 1 - 0.999 is 0.0010000000000000009: the text shall say 0.001.
  static double rounded(double value) {
    return static_cast<double>(static_cast<std::int64_t>(value * 1e9 + 0.5)) / 1e9;
  }

  void record(std::string name, const Query& expression) {
    group_.rules.push_back({.record = std::move(name),
                            .alert = {},
                            .expression = expression,
                            .labels = {{"slo", slo_.name}},
                            .annotations = {}});
  }

  // Of the two pairs of windows of a severity; a rate that not even an outage reaches is left out.
  void alert(bool page) {
    std::vector<Query> alternatives;
    for (const BurnAlert& each : kBurnAlerts) {
      const double limit = rounded(each.rate * budget());
      if (each.page != page || limit >= 1) continue;
      const auto burns = [&](runtime::Duration window) {
        return above(own(ratio_over(duration_text(scaled(window, slo_.window)))), limit);
      };
      alternatives.push_back(binary(burns(each.long_window), "and", burns(each.short_window)));
    }
    if (alternatives.empty()) return;
    Query expression = alternatives[0];
    if (alternatives.size() > 1) expression = binary(expression, "or", alternatives[1]);
    const std::string what = "the objective '" + slo_.name + "' of {{ $labels.service }}";
    group_.rules.push_back(
        {.record = {},
         .alert = "MMFErrorBudgetBurn",
         .expression = expression,
         .labels = {{"severity", page ? "page" : "ticket"}, {"slo", slo_.name}},
         .annotations = {{"summary", "The error budget of " + what + " burns " + (page ? "fast" : "steadily")},
                         {"description", "{{ $value | humanizePercentage }} of its requests are bad, where " +
                                             number_text(rounded(budget() * 100)) + " % may be over " +
                                             duration_text(slo_.window) + "."},
                         {"runbook",
                          "1. MMF Service Overview: which routes and codes, since when; compare with mmf_build_info "
                          "for a release.\n"
                          "2. Roll back, or take what fails out of the way (feature flag, dependency).\n"
                          "3. The row of objectives says how much budget is left: below 0 the objective is missed."},
                         {"dashboard", "mmf-service-overview"}}});
  }

  const Queries& queries_;
  const Slo& slo_;
  RuleGroup group_;
};

}  // namespace

std::vector<RuleGroup> slo_rules(const Queries& queries, std::span<const Slo> slos) {
  std::set<std::string> names;
  std::vector<RuleGroup> groups;
  for (const Slo& slo : slos) {
    check(slo, names);
    groups.push_back(SloGroup(queries, slo).recording());
    groups.push_back(SloGroup(queries, slo).alerts());
  }
  return groups;
}

}  // namespace marty::observability
