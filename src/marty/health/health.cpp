#include "marty/health/health.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::health {
namespace {

ComponentHealth run_check(const HealthCheck& check) {
  const HealthStatus failed = check.required ? HealthStatus::unhealthy : HealthStatus::degraded;
  try {
    const runtime::DeadlineScope scope(check.timeout);
    check.check();
    std::string limits = check.limits ? check.limits() : std::string();
    const HealthStatus status = limits.empty() ? HealthStatus::healthy : HealthStatus::degraded;
    return {check.name, status, check.required, std::move(limits)};
  } catch (...) {
    return {check.name, failed, check.required, describe(std::current_exception())};
  }
}

std::string_view phase_name(Health::Phase phase) {
  switch (phase) {
    case Health::Phase::starting:
      return "starting";
    case Health::Phase::running:
      return "running";
    case Health::Phase::draining:
      break;
  }
  return "draining";
}

}  // namespace

Health::Health(std::string service, std::string version, runtime::Duration max_age)
    : service_(std::move(service)), version_(std::move(version)), max_age_(max_age) {}

void Health::add(HealthCheck check) { checks_.push_back(std::move(check)); }

std::vector<ComponentHealth> Health::run_checks() const {
  const auto start = [](const HealthCheck& check) {
    return runtime::spawn([&check] { return run_check(check); }, "health check");
  };
  std::vector<decltype(start(checks_.front()))> running;
  running.reserve(checks_.size());
  for (const HealthCheck& check : checks_) running.push_back(start(check));
  std::vector<ComponentHealth> components;
  for (auto& task : running) components.push_back(task.join());
  return components;
}

HealthReport Health::summary() const {
  const HealthStatus status = phase_ == Phase::starting ? HealthStatus::unhealthy : HealthStatus::healthy;
  return {status, service_, version_, std::string(phase_name(phase_)), {}};
}

HealthReport Health::report() const {
  HealthReport report = summary();
  {
    const std::lock_guard lock(mutex_);
    if (!answered_at_ || runtime::now() - *answered_at_ >= max_age_) {
      std::vector<ComponentHealth> components = run_checks();
      runtime::throw_if_cancelled();  // then the checks were too: this says nothing about the components
      components_ = std::move(components);
      answered_at_ = runtime::now();
    }
    report.components = components_;
  }
  for (const ComponentHealth& component : report.components) report.status = std::max(report.status, component.status);
  return report;
}

bool Health::ready(const HealthReport& report) const noexcept {
  return phase_ == Phase::running && report.status != HealthStatus::unhealthy;
}

}  // namespace marty::health
