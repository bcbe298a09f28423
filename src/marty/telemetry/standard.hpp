// The metric families that every service has, under the names of docs/reference/metrics.md, ready to record.
//
//   HttpMetrics http(metrics, "petstore");
//   HttpMetrics::Route& route = http.route("GET", "/pets/{id}");     // once, when the route is bound
//   http.in_flight.add();
//   route.record(200, runtime::now() - start);                       // per request: no lock, no allocation
//   http.in_flight.subtract();
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/telemetry/log_sink.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {

namespace internal {

// The series of one counter that differ in one label with few values, known only when they occur: HTTP statuses, error
// codes. A known value costs a short search; the first of each a registration.
class CounterByValue {
 public:
  CounterByValue(Metrics& metrics, std::string_view name, std::string_view help, Labels labels, std::string_view label);
  // Makes a series before it counts: it is then there with 0, and a registration that is refused throws here.
  void expect(int value, std::string (*text)(int value));
  // `value` tells the values apart, `text` gives its label; called only for a new one.
  void add(int value, std::string (*text)(int value)) noexcept;

 private:
  struct Known {
    std::atomic<int> value{-1};  // written last
    Counter counter;
  };
  Counter make(int value, std::string (*text)(int value));

  Metrics& metrics_;
  const std::string_view name_;
  const std::string_view help_;
  const Labels labels_;  // the last one is the label that differs
  std::mutex mutex_;
  std::array<Known, 16> known_;
};

}  // namespace internal

// mmf_requests_total{service,method,route,status}, mmf_request_duration_seconds{service,method,route},
// mmf_requests_in_flight and mmf_errors_total{service,route,code}.
class HttpMetrics {
 public:
  // One method of one route pattern. Any thread may record.
  class Route {
   public:
    Route(Metrics& metrics, const std::string& service, std::string_view method, std::string_view route);
    void record(int status, runtime::Duration duration) noexcept;
    void record_error(Code code) noexcept;

   private:
    internal::CounterByValue requests_;
    internal::CounterByValue errors_;
    Histogram duration_;
  };

  HttpMetrics(Metrics& metrics, std::string_view service);
  // Lives as long as this object. Requests that match no route belong to a route named "unmatched".
  Route& route(std::string_view method, std::string_view route);

  UpDownCounter in_flight;

 private:
  Metrics& metrics_;
  const std::string service_;
  std::mutex mutex_;
  std::deque<Route> routes_;
};

// mmf_database_operations_total{operation,table,status}, mmf_database_operation_duration_seconds{operation,table},
// mmf_db_connections{state}.
class DatabaseMetrics {
 public:
  // One kind of statement on one table: ("select", "pets"). Any thread may record.
  class Operation {
   public:
    Operation(Metrics& metrics, std::string_view operation, std::string_view table);
    void record(Code code, runtime::Duration duration) noexcept;  // status is the code's name: "ok", "aborted"

   private:
    internal::CounterByValue operations_;
    Histogram duration_;
  };

  explicit DatabaseMetrics(Metrics& metrics);
  // Lives as long as this object.
  Operation& operation(std::string_view operation, std::string_view table);

  UpDownCounter idle_connections;
  UpDownCounter used_connections;

 private:
  Metrics& metrics_;
  std::mutex mutex_;
  std::deque<Operation> operations_;
};

// mmf_build_info{service,version,compiler} 1
void record_build_info(Metrics& metrics, std::string_view service, std::string_view version);

// mmf_log_lines_dropped_total, as long as the Observation lives. The sink must outlive it.
Observation observe_dropped_lines(Metrics& metrics, const LogSink& sink);

}  // namespace marty::telemetry
