// Lifecycle: the parts of a service, started in order and stopped in reverse, each within its time.
//
//   Lifecycle lifecycle;
//   lifecycle.add({.name = "database", .start = [&] { database.open(); }, .stop = [&] { database.close(); }});
//   lifecycle.add({.name = "http", .start = [&] { server.start(); }, .stop = [&] { server.drain(10s); }});
//   lifecycle.start();   // the second part fails: the first is stopped again, and the Error names the second
//   lifecycle.stop();
//
// Fibers that a start leaves behind are not bound by its timeout. Used by one fiber. May be started again after a stop.
#pragma once

#include <exception>
#include <functional>
#include <string>
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
  void add(Part part);  // before start()

  // Throws the failing part's Error with "cannot start NAME: " in front, after the parts before it were stopped.
  void start();

  // Stops what runs, in reverse; goes on past failures. Returns them as sentences ("cannot stop database: …"), for the
  // log.
  std::vector<std::string> stop() noexcept;

  bool running() const noexcept { return started_ > 0; }

 private:
  void stop_in_peace();

  std::vector<Part> parts_;
  std::size_t started_ = 0;
};

}  // namespace marty::service
