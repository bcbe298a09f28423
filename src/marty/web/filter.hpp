// Filters: plain functions around the handlers, in a visible order.
//
//   app.filter("timing", [](http::Request& request, http::Response& response, Next next) {
//     const auto start = runtime::now();
//     next();                                                // the filters behind this one, then the handler
//     response.set_header("server-timing", duration(start));
//   });
//
// A filter that does not call next() answers by itself. What the handler throws passes through the filters: catch it,
// or let it go and it becomes problem+json. Filters see only requests that have a route; those of Phase::edge see all,
// and never an exception: for them an error is a response already. The body of a stream is written when all have
// returned, so that they may change its head; Exchange::keep() holds what is to stand around the body, too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "marty/web/exchange.hpp"

namespace marty::web {

// The order of the filters; within a phase, the order of registration.
enum class Phase : std::uint8_t { edge, authentication, authorization, rate_limit, resilience, user };
std::string_view phase_name(Phase phase) noexcept;

class App;

// The rest of the way. A small value; call it at most once (again: it would run the handler again).
class Next {
 public:
  void operator()() const;
  Exchange& exchange() const noexcept { return exchange_; }  // the route, the caller, the telemetry context

 private:
  friend class App;
  Next(const App& app, Exchange& exchange, std::size_t index) : app_(app), exchange_(exchange), index_(index) {}
  const App& app_;
  Exchange& exchange_;
  std::size_t index_;
};

// A filter with its type erased.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual void run(http::Request& request, http::Response& response, Next next) = 0;

  Phase phase = Phase::user;
  std::string name;
};

namespace internal {
template <class Function>
class FunctionFilter final : public Filter {
 public:
  explicit FunctionFilter(Function function) : function_(std::move(function)) {}
  void run(http::Request& request, http::Response& response, Next next) override { function_(request, response, next); }

 private:
  Function function_;
};
}  // namespace internal

}  // namespace marty::web
