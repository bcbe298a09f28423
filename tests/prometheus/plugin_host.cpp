// A service whose plugins work, fail and wait as they are told, and which has a metric with more series than one may
// have: what the dashboards show of that, prometheus_test.py looks at.
#include <chrono>
#include <optional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/standard.hpp"

namespace {

using namespace marty;

struct Run {
  std::string plugin;
  std::string operation;
  int wait_ms = 0;
  bool fail = false;
};

}  // namespace

int main(int argc, char** argv) {
  Service service("plugin_host", argc, argv);
  telemetry::PluginMetrics plugins(service.metrics());
  for (int i = 0; i <= 2000; ++i)
    service.metrics().gauge("plugin_host_items", "Things by number.", {{"number", std::to_string(i)}}).set(i);
  service.post(
      "/run",
      [&plugins](Query<Run> run) {
        const runtime::TimePoint start = runtime::now();
        runtime::sleep_for(std::chrono::milliseconds(run->wait_ms));
        const Code code = run->fail ? Code::unavailable : Code::ok;
        plugins.operation(run->plugin, run->operation).record(code, runtime::now() - start);
        if (run->fail) throw Error(code, run->plugin + " was told to fail");
      },
      "Run an operation of a plugin");
  return service.run();
}
