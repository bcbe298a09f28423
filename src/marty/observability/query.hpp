// Query: an expression of PromQL that can only ask for what a registry has.
//
//   const Queries queries(telemetry::standard_families(), {{"service", "=", "petstore"}});
//   const Query failed = sum_by({"route"}, queries.rate("mmf_requests_total", "5m", {{"status", "=~", "5.."}}));
//   share(failed, sum_by({"route"}, queries.rate("mmf_requests_total", "5m"))).text();
//
// A metric that the families lack, a label that its series lack and a function that its kind does not allow throw
// (not_found, invalid_argument) and name the likeliest spelling. Besides its own labels every series has those of its
// target, see kTargetLabels. Language: https://prometheus.io/docs/prometheus/latest/querying/basics/. Windows are
// written as Prometheus does: "5m"; a variable of Grafana goes as well: "$__rate_interval".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/telemetry/metrics.hpp"

namespace marty::observability {

// What the scrape configuration gives every series (ops/observability/prometheus/prometheus.yml).
inline constexpr std::string_view kTargetLabels[] = {"service", "instance", "job"};

// {"status", "=~", "5.."}: op is =, !=, =~ or !~.
struct Matcher {
  std::string label;
  std::string op;
  std::string value;
};
using Matchers = std::vector<Matcher>;
using LabelNames = std::vector<std::string>;

// An instant vector (or, for time(), a scalar) and the labels that its series have.
class Query {
 public:
  const std::string& text() const noexcept { return text_; }
  const LabelNames& labels() const noexcept { return labels_; }

 private:
  friend class Queries;
  friend Query call(std::string_view function, const Query& of);
  friend Query aggregate(std::string_view function, LabelNames by, const Query& of);
  friend Query quantile(double q, const Query& buckets);
  friend Query binary(const Query& left, std::string_view op, const Query& right);
  friend Query number(double value);
  friend Query time();
  Query(std::string text, LabelNames labels, bool compound = false)
      : text_(std::move(text)), labels_(std::move(labels)), compound_(compound) {}
  std::string operand() const { return compound_ ? "(" + text_ + ")" : text_; }

  std::string text_;
  LabelNames labels_;
  bool compound_;  // needs parentheses as an operand
};

class Queries {
 public:
  // `scope` is part of every selector.
  explicit Queries(std::vector<telemetry::MetricFamily> families, Matchers scope = {})
      : families_(std::move(families)), scope_(std::move(scope)) {}

  bool has(std::string_view metric) const noexcept;
  bool scoped() const noexcept { return !scope_.empty(); }
  const telemetry::MetricFamily& family(std::string_view metric) const;  // throws not_found

  Query value(std::string_view metric, const Matchers& matchers = {}) const;  // of a gauge
  Query rate(std::string_view counter, std::string_view window, const Matchers& matchers = {}) const;
  // Of a histogram: how many a second, how much of them a second, and how many by `le`.
  Query rate_count(std::string_view histogram, std::string_view window, const Matchers& matchers = {}) const;
  Query rate_sum(std::string_view histogram, std::string_view window, const Matchers& matchers = {}) const;
  Query rate_buckets(std::string_view histogram, std::string_view window, const Matchers& matchers = {}) const;
  // How many a second took at most `seconds`. Throws invalid_argument where that is no bound of the histogram.
  Query rate_within(std::string_view histogram, double seconds, std::string_view window,
                    const Matchers& matchers = {}) const;
  // Counts that existed: the series of a histogram's counts.
  Query counts(std::string_view histogram, const Matchers& matchers = {}) const;
  Query up(const Matchers& matchers = {}) const;  // Prometheus' own: 1 or 0 for each target
  // What a recording rule made, over `window` where there is one: function(name{...}[window]).
  Query recorded(std::string_view name, const LabelNames& labels, const Matchers& matchers = {}) const;
  Query recorded_over(std::string_view function, std::string_view name, std::string_view window,
                      const LabelNames& labels, const Matchers& matchers = {}) const;

 private:
  Query select(const telemetry::MetricFamily& family, std::string_view suffix, const LabelNames& more,
               const Matchers& matchers) const;
  Query over(std::string_view function, const Query& selector, std::string_view window) const;
  std::string selector(std::string_view name, const LabelNames& labels, const Matchers& matchers) const;

  std::vector<telemetry::MetricFamily> families_;
  Matchers scope_;
};

Query call(std::string_view function, const Query& of);                      // absent(...), max_over_time ...
Query aggregate(std::string_view function, LabelNames by, const Query& of);  // throws for a label it has not
Query quantile(double q, const Query& buckets);                              // REQUIRES the label `le`
Query binary(const Query& left, std::string_view op, const Query& right);    // labels of the left
Query number(double value);
Query time();

inline Query sum_by(LabelNames by, const Query& of) { return aggregate("sum", std::move(by), of); }
// Only the series above the limit; above 0 leaves out what has no traffic.
inline Query above(const Query& query, double limit) { return binary(query, ">", number(limit)); }

// The part of `whole` that `part` is; 0 where there is no part at all, nothing where there is no whole. REQUIRES the
// same labels.
Query share(const Query& part, const Query& whole);

// "0.5", as the exposition format and PromQL write it.
std::string number_text(double value);

// "petstore" quoted, as a string of PromQL.
std::string quoted(std::string_view text);

// The routes of a service's API: neither the endpoints that every service has nor what matched no route.
Matcher api_routes();

}  // namespace marty::observability
