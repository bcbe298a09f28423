// The service that the suites of W3C Trace Context talk to (https://github.com/w3c/trace-context, test/README.md): it
// makes the calls that a request lists, each with a list of calls for its receiver, and hands on whatever context came.
#include "marty/http/client.hpp"
#include "marty/json/value.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/tracer.hpp"

using namespace marty;

namespace {

struct Call {
  std::string url;
  json::Value arguments;
};

void make_calls(const Body<std::vector<Call>>& calls, http::Client& client) {
  for (const Call& call : *calls) {
    client.send({.method = http::Method::post,
                 .url = call.url,
                 .headers = {{"content-type", "application/json"}},
                 .body = call.arguments.to_string()});
  }
}

}  // namespace

int main(int argc, char** argv) {
  Service service("propagation", argc, argv);
  service.provide([] { return http::Client({.identity = telemetry::Identity::forward}); });
  // As where an exporter runs: each call is a span, and so the parent of what its receiver does.
  service.on_start("spans", [&] { service.app().options().tracer->record(true); });
  service.post("/calls", make_calls, "Make the calls of the list");
  return service.run();
}
