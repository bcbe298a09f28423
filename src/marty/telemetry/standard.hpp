// The metric families that every service has, under the names of docs/reference/metrics.md, ready to record.
//
//   HttpMetrics http(metrics, "petstore");
//   HttpMetrics::Route& route = http.route("GET", "/pets/{id}");     // once, when the route is bound
//   UpDownCounter in_flight = http.in_flight(0, "GET", false);
//   in_flight.add();
//   route.record({.status = 200}, runtime::now() - start);           // per request: no lock, no allocation
//   in_flight.subtract();
//
// Some carry attributes that the semantic conventions of OpenTelemetry (1.44) require besides, by OTLP only:
// docs/guide/telemetry.md lists them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log_sink.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {

namespace internal {

// What is recorded into, by a label with few values that are known only when they occur: HTTP statuses, error codes. A
// known value costs a short search without a lock; the first of each a registration.
template <class Handles>
class ByValue {
 public:
  // Copies of the handles; `make()` registers them, and is called only for a new value. Handles that record nothing
  // where that fails: a registry that is full must not end a request.
  template <class Make>
  Handles get(int value, Make&& make) noexcept {
    for (const Known& known : known_) {
      const int seen = known.value.load(std::memory_order_acquire);
      if (seen == value) return known.handles;
      if (seen == kNone) break;
    }
    try {
      return keep(value, make());
    } catch (...) {
      return {};
    }
  }
  Handles keep(int value, const Handles& handles) {
    const std::lock_guard lock(mutex_);
    for (Known& known : known_) {
      if (known.value.load(std::memory_order_relaxed) == value) break;  // another thread was first
      if (known.value.load(std::memory_order_relaxed) != kNone) continue;
      known.handles = handles;
      known.value.store(value, std::memory_order_release);
      break;
    }
    return handles;
  }

 private:
  static constexpr int kNone = -1;
  struct Known {
    std::atomic<int> value{kNone};  // written last
    Handles handles;
  };
  std::mutex mutex_;
  std::array<Known, 16> known_;
};

// A counter whose series differ in one label.
class CounterByValue {
 public:
  // `expected` is there from the beginning, with 0; `text` gives a value's label. Throws where the registration is
  // refused.
  CounterByValue(Metrics& metrics, std::string_view name, std::string_view help, Labels labels, std::string_view label,
                 int expected, std::string (*text)(int value));
  void add(int value) noexcept;

 private:
  Counter make(int value) const;

  Metrics& metrics_;
  const std::string_view name_;
  const std::string_view help_;
  const Labels labels_;  // the last one is the label that differs
  std::string (*const text_)(int value);
  ByValue<Counter> counters_;
};

}  // namespace internal

// mmf_requests_total and mmf_request_duration_seconds{service,method,route,status}, mmf_requests_in_flight and
// mmf_errors_total{service,route,code}.
class HttpMetrics {
 public:
  // How a request ended.
  struct End {
    int status = 200;
    bool secure = false;          // it came over TLS
    std::optional<Code> failure;  // what the service itself failed with
  };

  // One method of one route pattern. Any thread may record.
  class Route {
   public:
    Route(Metrics& metrics, const std::string& service, std::string_view method, std::string_view route);
    void record(const End& end, runtime::Duration duration) noexcept;
    void record_error(Code code) noexcept;

   private:
    // Of the requests that ended in one way.
    struct Requests {
      Counter count;
      Histogram duration;
    };
    Requests make(const End& end) const;

    Metrics& metrics_;
    const Labels labels_;  // the last one is the status
    internal::ByValue<Requests> requests_;
    internal::CounterByValue errors_;
  };

  HttpMetrics(Metrics& metrics, std::string_view service);
  // Lives as long as this object. Requests that match no route belong to routes named "unmatched", and those whose
  // method is unknown to the method "_OTHER".
  Route& route(std::string_view method, std::string_view route);
  // The requests being handled, by method – `number` tells them apart, below 1000 – and scheme.
  UpDownCounter in_flight(int number, std::string_view method, bool secure) noexcept;

 private:
  UpDownCounter make_in_flight(std::string_view method, bool secure) const;

  Metrics& metrics_;
  const std::string service_;
  std::mutex mutex_;
  std::deque<Route> routes_;
  internal::ByValue<UpDownCounter> in_flight_;
};

// mmf_correlation_rejected_total{reason}.
class CorrelationMetrics {
 public:
  explicit CorrelationMetrics(Metrics& metrics);
  void record(std::uint8_t rejected) noexcept;  // of a Context

 private:
  std::array<Counter, kRejections.size()> counters_;
};

// What happens under one name, again and again: how many ended in which status – the code's name: "ok", "aborted" – and
// how long they took. Any thread may record.
class OperationMetrics {
 public:
  // The names and help texts of the two families.
  struct Families {
    std::string_view count;
    std::string_view count_help;
    std::string_view duration;
    std::string_view duration_help;
  };
  // Of the duration there are `attributes`, too, and then also error.type.
  OperationMetrics(Metrics& metrics, const Families& families, const Labels& labels, const Labels& attributes = {});
  void record(Code code, runtime::Duration duration) noexcept;

 private:
  Histogram make_duration(Code code) const;

  Metrics& metrics_;
  const Families families_;
  const Labels labels_;  // of the duration; the last one of several may be error.type
  internal::CounterByValue operations_;
  internal::ByValue<Histogram> durations_;
};

// mmf_database_operations_total{operation,table,status}, mmf_database_operation_duration_seconds{operation,table},
// mmf_db_connections{state}.
class DatabaseMetrics {
 public:
  using Operation = OperationMetrics;

  // `system` as the conventions call it, "sqlite"; the pool's name is unique in the program.
  DatabaseMetrics(Metrics& metrics, std::string_view system, std::string_view pool);
  // One kind of statement on one table: ("select", "pets"). Lives as long as this object.
  Operation& operation(std::string_view operation, std::string_view table);

  UpDownCounter idle_connections;
  UpDownCounter used_connections;

 private:
  Metrics& metrics_;
  const std::string system_;
  std::mutex mutex_;
  std::deque<Operation> operations_;
};

// mmf_plugin_operations_total{plugin_id,operation,status} and mmf_plugin_operation_duration_seconds{plugin_id,
// operation}.
//
//   plugins.operation("payments", "charge").record(Code::ok, runtime::now() - start);
class PluginMetrics {
 public:
  static constexpr std::size_t kMaxOperations = 500;  // beyond it: plugin "other", operation "other"

  explicit PluginMetrics(Metrics& metrics) : metrics_(metrics) {}
  // The same for the same names: a lock and a look-up. Lives as long as this object.
  OperationMetrics& operation(std::string_view plugin_id, std::string_view operation);

 private:
  using Key = std::pair<std::string, std::string>;

  Metrics& metrics_;
  std::mutex mutex_;
  std::map<Key, OperationMetrics> operations_;
};

// mmf_config_generation, and mmf_config_reloads_total{result}: applied, unchanged or refused.
Gauge config_generation(Metrics& metrics);
Counter config_reloads(Metrics& metrics, std::string_view result);

// mmf_feature_flag_evaluations_total{flag,result}: result is on or off.
struct FlagEvaluations {
  Counter on;
  Counter off;
};
FlagEvaluations flag_evaluations(Metrics& metrics, std::string_view flag);

// mmf_event_loop_lag_seconds{loop}: how much later than it could a loop gets to its work;
// mmf_event_loop_cpu_ratio{loop}, mmf_fibers{loop}, mmf_fibers_started_total{loop},
// mmf_fiber_stack_high_water_bytes{loop}.
struct LoopMetrics {
  LoopMetrics(Metrics& metrics, std::size_t loop);
  Histogram lag;
  Gauge cpu_ratio;
  Gauge fibers;
  Counter fibers_started;
  Gauge stack_high_water;
};

// mmf_blocking_pool_threads{pool}, mmf_blocking_pool_busy_threads{pool}, mmf_blocking_pool_queue_length{pool},
// mmf_blocking_pool_calls_total{pool}, mmf_blocking_pool_rejections_total{pool}.
struct BlockingPoolMetrics {
  BlockingPoolMetrics(Metrics& metrics, std::string_view pool);
  Gauge threads;
  Gauge busy_threads;
  Gauge queue_length;
  Counter calls;
  Counter rejections;
};

// mmf_slo_compliance_ratio{slo} and mmf_slo_error_budget_remaining_ratio{slo}; mmf_slo_burn_rate{slo,window}, "5m".
struct SloMetrics {
  SloMetrics(Metrics& metrics, std::string_view slo);
  Gauge compliance;
  Gauge budget_remaining;
};
Gauge slo_burn_rate(Metrics& metrics, std::string_view slo, runtime::Duration window);

// mmf_connections{server}, mmf_connections_accepted_total{server}, mmf_connections_refused_total{server}: `read` tells
// them, as long as the Observations live.
struct ConnectionCounts {
  std::uint64_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
};
std::vector<Observation> observe_connections(Metrics& metrics, std::string_view server,
                                             const std::function<ConnectionCounts()>& read);

// mmf_build_info{service,version,compiler} 1
void record_build_info(Metrics& metrics, std::string_view service, std::string_view version);

// mmf_log_lines_dropped_total, as long as the Observation lives. The sink must outlive it.
Observation observe_dropped_lines(Metrics& metrics, const LogSink& sink);

// Of one signal – traces, metrics, logs – on its way to a receiver: mmf_telemetry_exported_total{signal},
// mmf_telemetry_export_failures_total{signal}, mmf_telemetry_queue_bytes{signal},
// mmf_telemetry_dropped_total{signal,reason}.
struct ExportMetrics {
  ExportMetrics(Metrics& metrics, std::string_view signal);
  static Counter dropped(Metrics& metrics, std::string_view signal, std::string_view reason);

  Counter exported;
  Counter failures;
  Gauge queue_bytes;
};

}  // namespace marty::telemetry
