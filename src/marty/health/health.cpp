#include "marty/health/health.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::health {
namespace {

constexpr Logger kLog("marty.health");

Code code_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error.code();
  } catch (...) {
    return Code::internal;
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

Health::Answer Health::run_check(const HealthCheck& check) {
  const HealthStatus failed = check.required ? HealthStatus::unhealthy : HealthStatus::degraded;
  try {
    const runtime::DeadlineScope scope(check.timeout);
    check.check();
    std::string limits = check.limits ? check.limits() : std::string();
    if (limits.empty()) return {{check.name, HealthStatus::healthy, check.required, std::nullopt}, ""};
    const std::string code(code_info(Code::resource_exhausted).name);
    return {{check.name, HealthStatus::degraded, check.required, code}, std::move(limits)};
  } catch (...) {
    const std::exception_ptr exception = std::current_exception();
    return {{check.name, failed, check.required, std::string(code_info(code_of(exception)).name)}, describe(exception)};
  }
}

// Whoever probes, and however often: a line when it begins to fail, when it fails in another way, and when it is well.
void Health::log_change(const Answer* before, const Answer& now) {
  const std::optional<std::string>& code = now.component.code;
  if ((before != nullptr ? before->component.code : std::nullopt) == code) return;
  if (!code) return kLog.info("component is well again", {{"component", now.component.name}});
  kLog.warning("component is not well", {{"component", now.component.name},
                                         {"required", now.component.required},
                                         {"code", *code},
                                         {"reason", now.reason}});
}

std::vector<Health::Answer> Health::run_checks() const {
  const auto start = [](const HealthCheck& check) {
    return runtime::spawn([&check] { return run_check(check); }, "health check");
  };
  std::vector<decltype(start(checks_.front()))> running;
  running.reserve(checks_.size());
  for (const HealthCheck& check : checks_) running.push_back(start(check));
  std::vector<Answer> answers;
  for (auto& task : running) answers.push_back(task.join());
  return answers;
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
      std::vector<Answer> answers = run_checks();
      runtime::throw_if_cancelled();  // then the checks were too: this says nothing about the components
      for (std::size_t i = 0; i < answers.size(); ++i)
        log_change(i < answers_.size() ? &answers_[i] : nullptr, answers[i]);
      answers_ = std::move(answers);
      answered_at_ = runtime::now();
    }
    for (const Answer& answer : answers_) report.components.push_back(answer.component);
  }
  for (const ComponentHealth& component : report.components) report.status = std::max(report.status, component.status);
  return report;
}

std::vector<HealthReason> Health::reasons() const {
  const std::lock_guard lock(mutex_);
  std::vector<HealthReason> reasons;
  for (const Answer& answer : answers_) {
    if (!answer.reason.empty()) reasons.push_back({answer.component.name, answer.reason});
  }
  return reasons;
}

bool Health::ready(const HealthReport& report) const noexcept {
  return phase_ == Phase::running && report.status != HealthStatus::unhealthy;
}

}  // namespace marty::health
