#include "marty/observability/query.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/telemetry/slo.hpp"

namespace marty::observability {
namespace {

std::string suggestion(std::string_view name, const std::vector<std::string_view>& known) {
  const auto near = nearest(name, known);
  return near ? "; did you mean " + std::string(*near) + "?" : "";
}

void require_label(std::string_view what, std::string_view label, const LabelNames& labels) {
  if (std::ranges::count(labels, label) > 0) return;
  throw Error(Code::invalid_argument, std::string(what) + " has no label " + std::string(label) +
                                          suggestion(label, {labels.begin(), labels.end()}));
}

LabelNames with_target_labels(LabelNames labels) {
  for (const std::string_view label : kTargetLabels) {
    if (std::ranges::count(labels, label) == 0) labels.emplace_back(label);
  }
  return labels;
}

LabelNames labels_of(const telemetry::MetricFamily& family) {
  LabelNames labels;
  if (!family.series.empty()) {
    for (const telemetry::Label& label : family.series.front().labels) labels.push_back(label.name);
  }
  return with_target_labels(std::move(labels));
}

void require_kind(const telemetry::MetricFamily& family, telemetry::MetricKind kind) {
  constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
  if (family.kind == kind) return;
  throw Error(Code::invalid_argument, family.name + " is a " + std::string(kKinds[static_cast<int>(family.kind)]) +
                                          ", where a " + std::string(kKinds[static_cast<int>(kind)]) + " is needed");
}

std::string joined(const LabelNames& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string number_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr};
}

std::string promql_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool Queries::has(std::string_view metric) const noexcept {
  return std::ranges::count(families_, metric, &telemetry::MetricFamily::name) > 0;
}

const telemetry::MetricFamily& Queries::family(std::string_view metric) const {
  const auto found = std::ranges::find(families_, metric, &telemetry::MetricFamily::name);
  if (found != families_.end()) return *found;
  std::vector<std::string_view> names;
  for (const telemetry::MetricFamily& each : families_) names.push_back(each.name);
  throw Error(Code::not_found, "the service has no metric " + std::string(metric) + suggestion(metric, names));
}

std::string Queries::selector(std::string_view name, const LabelNames& labels, const Matchers& matchers) const {
  std::string text;
  for (const Matchers* each : {&scope_, &matchers}) {
    for (const Matcher& matcher : *each) {
      require_label(name, matcher.label, labels);
      text += (text.empty() ? "" : ", ") + matcher.label + matcher.op + promql_string(matcher.value);
    }
  }
  return std::string(name) + (text.empty() ? "" : "{" + text + "}");
}

Query Queries::select(const telemetry::MetricFamily& family, std::string_view suffix, const LabelNames& more,
                      const Matchers& matchers) const {
  LabelNames labels = labels_of(family);
  labels.insert(labels.end(), more.begin(), more.end());
  return {selector(family.name + std::string(suffix), labels, matchers), labels};
}

Query Queries::over(std::string_view function, const Query& selector, std::string_view window) const {
  return {std::string(function) + "(" + selector.text() + "[" + std::string(window) + "])", selector.labels()};
}

Query Queries::value(std::string_view metric, const Matchers& matchers) const {
  require_kind(family(metric), telemetry::MetricKind::gauge);
  return select(family(metric), "", {}, matchers);
}

Query Queries::rate(std::string_view counter, std::string_view window, const Matchers& matchers) const {
  require_kind(family(counter), telemetry::MetricKind::counter);
  return over("rate", select(family(counter), "", {}, matchers), window);
}

Query Queries::counts(std::string_view histogram, const Matchers& matchers) const {
  require_kind(family(histogram), telemetry::MetricKind::histogram);
  return select(family(histogram), "_count", {}, matchers);
}

Query Queries::rate_count(std::string_view histogram, std::string_view window, const Matchers& matchers) const {
  return over("rate", counts(histogram, matchers), window);
}

Query Queries::rate_sum(std::string_view histogram, std::string_view window, const Matchers& matchers) const {
  require_kind(family(histogram), telemetry::MetricKind::histogram);
  return over("rate", select(family(histogram), "_sum", {}, matchers), window);
}

Query Queries::rate_buckets(std::string_view histogram, std::string_view window, const Matchers& matchers) const {
  require_kind(family(histogram), telemetry::MetricKind::histogram);
  return over("rate", select(family(histogram), "_bucket", {"le"}, matchers), window);
}

Query Queries::rate_within(std::string_view histogram, double seconds, std::string_view window,
                           const Matchers& matchers) const {
  const telemetry::MetricFamily& metric = family(histogram);
  if (std::ranges::count(metric.bounds, seconds) == 0) {
    std::string bounds;
    for (const double bound : metric.bounds) bounds += (bounds.empty() ? "" : ", ") + number_text(bound);
    throw Error(Code::invalid_argument, number_text(seconds) + " s is no bound of " + metric.name +
                                            ": what took that long cannot be counted; its bounds are " + bounds);
  }
  // OpenMetrics writes a whole bound with a fraction, and the text format need not.
  const bool whole = seconds == std::floor(seconds);
  Matchers all = matchers;
  all.push_back({"le", whole ? "=~" : "=", number_text(seconds) + (whole ? "([.]0)?" : "")});
  return rate_buckets(histogram, window, all);
}

Query Queries::up(const Matchers& matchers) const {
  const LabelNames labels = with_target_labels({});
  return {selector("up", labels, matchers), labels};
}

Query Queries::recorded(std::string_view name, const LabelNames& labels, const Matchers& matchers) const {
  return {selector(name, labels, matchers), labels};
}

Query Queries::recorded_over(std::string_view function, std::string_view name, std::string_view window,
                             const LabelNames& labels, const Matchers& matchers) const {
  return over(function, recorded(name, labels, matchers), window);
}

Query number(double value) { return {number_text(value), {}}; }

Query time() { return {"time()", {}}; }

Query call(std::string_view function, const Query& of) {
  return {std::string(function) + "(" + of.text_ + ")", of.labels_};
}

Query aggregate(std::string_view function, LabelNames by, const Query& of) {
  for (const std::string& label : by) require_label(of.text_, label, of.labels_);
  const std::string grouping = by.empty() ? " " : " by (" + joined(by) + ") ";
  return {std::string(function) + grouping + "(" + of.text_ + ")", std::move(by)};
}

Query quantile(double q, const Query& buckets) {
  require_label(buckets.text_, "le", buckets.labels_);
  LabelNames labels = buckets.labels_;
  std::erase(labels, "le");
  return {"histogram_quantile(" + number_text(q) + ", " + buckets.text_ + ")", std::move(labels)};
}

Query binary(const Query& left, std::string_view op, const Query& right) {
  return {left.operand() + " " + std::string(op) + " " + right.operand(), left.labels_, true};
}

Query share(const Query& part, const Query& whole) {
  const Query zero = binary(whole, "*", number(0));
  return binary(binary(part, "or", zero), "/", above(whole, 0));
}

Matcher api_routes() { return {"route", "!~", std::string(telemetry::kOwnRoutes)}; }

}  // namespace marty::observability
