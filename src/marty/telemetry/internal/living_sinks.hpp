// LivingSinks: the AsyncSinks of this process, for its end – by exit(), by a deadly signal, or as a forked child.
#pragma once

namespace marty::telemetry {
class AsyncSink;
}

namespace marty::telemetry::internal {

struct LivingSinks {
  // The first one installs the handlers, which stay: they pass on to those of before. Throws Error(resource_exhausted).
  static void add(AsyncSink& sink);
  static void remove(AsyncSink& sink) noexcept;

  static void flush_all() noexcept;           // at exit
  static void flush_all_in_crash() noexcept;  // async-signal-safe
  static void become_child() noexcept;
};

}  // namespace marty::telemetry::internal
