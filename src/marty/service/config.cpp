#include "marty/service/config.hpp"

#include <algorithm>
#include <set>

#include "marty/base/error.hpp"
#include "marty/runtime/net.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::service {
namespace {

std::string seconds_text(double seconds) {
  std::string text;
  Text<config::Duration>::append(text, std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9 + 0.5)));
  return text;
}

// The bounds around a threshold that is none itself; empty: it is one.
std::string bounds_around(std::chrono::nanoseconds threshold) {
  const double seconds = std::chrono::duration<double>(threshold).count();
  const auto above = std::ranges::lower_bound(telemetry::kLatencyBounds, seconds);
  if (above == std::end(telemetry::kLatencyBounds)) return seconds_text(*std::prev(above));
  if (*above == seconds) return {};
  const std::string next = seconds_text(*above);
  return above == std::begin(telemetry::kLatencyBounds) ? next : seconds_text(*std::prev(above)) + " or " + next;
}

}  // namespace

void SloSection::check(Problems& problems) const {
  using std::chrono::days;
  const std::chrono::nanoseconds length = window;
  if (length < days(1) || length > days(90) || length % std::chrono::hours(1) != std::chrono::nanoseconds::zero())
    problems.add("/window", "must be whole hours, from 1d to 90d");
  if (kind != telemetry::SloKind::latency) return;
  if (const std::string bounds = bounds_around(threshold); !bounds.empty())
    problems.add("/threshold", "is no bound of mmf_request_duration_seconds, so nobody counts it: use " + bounds);
}

void ServerSection::check(Problems& problems) const {
  try {
    runtime::Address::ip(host, 0);
  } catch (const Error&) {
    problems.add("/host", "must be an IP address, such as 127.0.0.1 or 0.0.0.0");
  }
}

void AdminSection::check(Problems& problems) const {
  try {
    if (runtime::Address::ip(host, 0).is_loopback() || expose) return;
    problems.add("/host", "is an address that others reach, who are not asked who they are: set expose: true as well");
  } catch (const Error&) {
    problems.add("/host", "must be an IP address, such as 127.0.0.1");
  }
}

std::vector<telemetry::Slo> TelemetrySection::objectives() const {
  if (!slos) return telemetry::default_slos();
  std::vector<telemetry::Slo> all;
  for (const SloSection& section : *slos) all.push_back(section.slo());
  return all;
}

void TelemetrySection::check(Problems& problems) const {
  std::set<std::string_view> names;
  for (std::size_t i = 0; slos && i < slos->size(); ++i) {
    if (!names.insert((*slos)[i].name).second)
      problems.add("/slos/" + std::to_string(i) + "/name", "is there twice: give each objective a name of its own");
  }
}

}  // namespace marty::service
