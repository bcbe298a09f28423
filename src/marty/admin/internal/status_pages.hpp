// How the service is, what it serves and what it does right now: what these pages tell, and how they look.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "marty/admin/admin.hpp"
#include "marty/base/time.hpp"
#include "marty/runtime/blocking.hpp"

namespace marty::admin::internal {

struct Objective {
  std::string name;
  double compliance = 1;
  double budget_remaining = 1;
};

struct Overview {
  std::string service;
  std::string version;
  std::string environment;
  Timestamp since;
  double uptime_seconds = 0;
  std::uint64_t configuration_generation = 0;
  health::HealthReport health;
  std::vector<health::HealthReason> reasons;  // of components that are not well
  std::vector<Objective> objectives;
};
Overview overview(const Subject& subject, Timestamp since);
std::string to_html(const Overview& overview);

struct RouteFacts {
  std::string method;
  std::string pattern;
  std::string summary;
  std::vector<std::string> permissions;
  bool requires_caller = false;
  std::optional<double> sampling;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;  // with a status of 500 and up
  std::optional<double> p50_ms, p95_ms, p99_ms;
};
struct Routes {
  std::string service;
  std::vector<std::string> filters;
  std::vector<RouteFacts> routes;
};
Routes routes(const Subject& subject);
std::string to_html(const Routes& routes);

struct Requests {
  std::string service;
  std::vector<LiveRequest> requests;
};
Requests requests(const Subject& subject);
std::string to_html(const Requests& requests);

struct FiberCount {
  std::string name;
  std::uint64_t count = 0;
};
struct LoopFacts {
  std::uint64_t loop = 0;
  std::uint64_t fibers_started = 0;
  std::uint64_t stack_high_water_bytes = 0;
  double processor_seconds = 0;
  std::vector<FiberCount> fibers;  // alive
};
struct PoolFacts {
  std::string name;
  std::uint64_t threads = 0, busy = 0, queued = 0, calls = 0, rejected = 0;
};
struct ConnectionFacts {
  std::string state;
  std::uint64_t count = 0;
};
struct Runtime {
  std::string service;
  std::vector<LoopFacts> loops;
  std::vector<PoolFacts> blocking_pools;
  std::vector<ConnectionFacts> database_connections;
};
Runtime runtime_facts(const Subject& subject);
std::string to_html(const Runtime& runtime);

}  // namespace marty::admin::internal
