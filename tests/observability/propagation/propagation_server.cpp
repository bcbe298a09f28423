// The service that the suites of W3C Trace Context talk to (https://github.com/w3c/trace-context, test/README.md): it
// makes the calls that a request lists, each with a list of calls for its receiver, and hands on whatever context came.
#include "marty/http/client.hpp"
#include "marty/json/value.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/context.hpp"

using namespace marty;

namespace {

struct Call {
  std::string url;
  json::Value arguments;
};

void make_calls(const Body<std::vector<Call>>& calls, http::Client& client) {
  for (const Call& call : *calls) {
    http::OutgoingRequest request{.method = http::Method::post, .url = call.url, .body = call.arguments.to_string()};
    request.headers.emplace_back("content-type", "application/json");
    telemetry::Context context = telemetry::current();
    context.span_id = telemetry::new_span_id();
    context.inject([&](auto name, auto value) { request.headers.emplace_back(name, value); });
    client.send(std::move(request));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Service service("propagation", argc, argv);
  service.provide([] { return std::make_unique<http::Client>(); });
  service.post("/calls", make_calls, "Make the calls of the list");
  return service.run();
}
