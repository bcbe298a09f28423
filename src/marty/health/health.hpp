// Health: what a service says of itself to its orchestrator.
//
//   health.add({.name = "database", .check = [&] { database.ping(); }});
//   health.add({.name = "recommendations", .required = false, .check = [&] { client.ping(); }});
//
// live: the process answers. startup: it has started. ready: started, not draining, every required check passes. A
// failing optional check makes the service degraded, and ready all the same. Checks run at the same time, each within
// its timeout, at most once per `max_age` in the process: probes never pile up on a slow dependency.
//
// The report is for everybody, so it says of a component that is not well no more than a code. Why it is so stands in
// the log – once, when it changes – and in reasons(), for who runs the service.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"

namespace marty::health {

enum class HealthStatus { healthy, degraded, unhealthy };

struct HealthCheck {
  std::string name;
  bool required = true;
  std::function<void()> check;  // throws where the component is not well; only the code reaches the report
  // May be empty. Says what a component that passes its check has run out of, or "": then it is degraded, with the code
  // resource_exhausted.
  std::function<std::string()> limits = {};
  runtime::Duration timeout = std::chrono::seconds(2);
};

// The reflected report behind /health.
struct ComponentHealth {
  std::string name;
  HealthStatus status;
  bool required;
  std::optional<std::string> code;  // of what the check threw: "unavailable"; nothing where it is healthy
};
struct HealthReport {
  HealthStatus status;
  std::string service;
  std::string version;
  std::string phase;  // "starting", "running", "draining"
  std::vector<ComponentHealth> components;
};

// Why a component is not well, addresses and all: not for strangers.
struct HealthReason {
  std::string component;
  std::string reason;
};

class Health {
 public:
  enum class Phase { starting, running, draining };

  Health(std::string service, std::string version, runtime::Duration max_age = std::chrono::seconds(1));

  void add(HealthCheck check);  // before the service starts
  void set_phase(Phase phase) noexcept { phase_ = phase; }
  Phase phase() const noexcept { return phase_; }

  // What can be said without asking the components.
  HealthReport summary() const;
  // From a fiber. Runs the checks where the last answer is older than max_age.
  HealthReport report() const;
  // Of the last report().
  std::vector<HealthReason> reasons() const;
  bool ready(const HealthReport& report) const noexcept;

 private:
  struct Answer {
    ComponentHealth component;
    std::string reason;  // empty: it is healthy
  };
  static Answer run_check(const HealthCheck& check);
  static void log_change(const Answer* before, const Answer& now);
  std::vector<Answer> run_checks() const;

  const std::string service_, version_;
  const runtime::Duration max_age_;
  std::atomic<Phase> phase_ = Phase::starting;
  std::vector<HealthCheck> checks_;

  // The last answer, kept under a fiber mutex: a probe that comes while the checks run waits for their answer.
  mutable runtime::Mutex mutex_;
  mutable std::optional<runtime::TimePoint> answered_at_;
  mutable std::vector<Answer> answers_;  // of the checks, in their order; none yet: empty
};

}  // namespace marty::health
