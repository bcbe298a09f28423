// What the text formats of Prometheus and OpenMetrics have in common.
#pragma once

#include <string>
#include <string_view>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry::internal {

void append_number(std::string& out, double value);
// As Go writes it and OpenMetrics wants it ("1.0", "1e+06"), in both formats: a scraper that changes between them must
// not see other series.
void append_bound(std::string& out, double bound);
void append_escaped(std::string& out, std::string_view text, bool quotes);
// name_suffix{labels,le="bound"} value – without the end of the line.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                   const double* bound, double value);
std::string_view type_name(MetricKind kind);

}  // namespace marty::telemetry::internal
