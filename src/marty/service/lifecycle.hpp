// Lifecycle: the parts of a service, started in order and stopped in reverse, each within its time.
//
//   Lifecycle lifecycle;
//   lifecycle.add({.name = "database", .start = [&] { database.open(); }, .stop = [&] { database.close(); }});
//   lifecycle.add({.name = "http", .start = [&] { server.start(); }, .stop = [&] { server.drain(10s); }});
//   lifecycle.start();   // the second part fails: the first is stopped again, and the Error names the second
//   lifecycle.stop();
//
// A part that goes on though it was cancelled holds up the others for ever: Lifecycle tells, and the owner decides.
// Fibers that a start leaves behind are not bound by its timeout. Used by one fiber. May be started again after a stop.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::service {

struct Part {
  std::string name;             // in errors and logs
  std::function<void()> start;  // may be empty, as may stop
  std::function<void()> stop;
  runtime::Duration start_timeout = std::chrono::seconds(5);  // the fail-fast bound; the part is then cancelled
  runtime::Duration stop_timeout = std::chrono::seconds(10);
};

class Lifecycle {
 public:
  // `on_hang`, with the part's name: it has not ended for five seconds since it was cancelled. Called once for it, on a
  // fiber of its own; may end the process. What it throws is ignored.
  explicit Lifecycle(std::function<void(const std::string& part)> on_hang = {}) : on_hang_(std::move(on_hang)) {}

  void add(Part part);  // before start()

  // Throws the failing part's Error with "cannot start NAME: " in front, after the parts before it were stopped.
  void start();

  // Stops what runs, in reverse; goes on past failures. Returns them as sentences ("cannot stop database: …"), for the
  // log.
  std::vector<std::string> stop() noexcept;

  bool running() const noexcept { return started_ > 0; }

 private:
  std::exception_ptr run_within(const std::string& part, const std::function<void()>& function,
                                runtime::Duration timeout) const noexcept;
  void call_within(const std::string& part, const std::function<void()>& function, runtime::Duration timeout) const;
  std::exception_ptr stop_part(const Part& part) const noexcept;
  void stop_in_peace();

  const std::function<void(const std::string& part)> on_hang_;

  std::vector<Part> parts_;
  std::size_t started_ = 0;
};

}  // namespace marty::service
