// The way of a request through the application, without sockets: routing, context, handler, reply.
#include <benchmark/benchmark.h>

#include "marty/telemetry/metrics.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

struct Item {
  int id = 0;
  std::string name;
};

PlainText hello() { return {"Hello, World!"}; }
Item item(Path<int> id) { return {*id, "thing"}; }

void add_routes(App& app) {
  app.get("/plaintext", hello, "Say hello");
  app.get("/api/v1/items/{id}", item, "Get an item");
  app.get("/api/v1/items", hello, "List items");
  app.start();
}

const http::Header kHeaders[] = {{"Host", "127.0.0.1:8080"}, {"User-Agent", "bench/1.0"}, {"Accept", "*/*"}};

void run(benchmark::State& state, App& app, std::string_view target) {
  http::Request request;
  request.target = target;
  request.headers = http::HeaderList(kHeaders);
  http::Response response;
  for (auto _ : state) {
    response.clear();
    app.handle(request, response);
    benchmark::DoNotOptimize(response.body().data());
  }
}

void plaintext_with_telemetry(benchmark::State& state) {
  telemetry::Metrics metrics;
  App app({.metrics = &metrics});
  add_routes(app);
  run(state, app, "/plaintext");
}
BENCHMARK(plaintext_with_telemetry);

void plaintext_without_telemetry(benchmark::State& state) {
  App app({.telemetry = false});
  add_routes(app);
  run(state, app, "/plaintext");
}
BENCHMARK(plaintext_without_telemetry);

void typed_json_without_telemetry(benchmark::State& state) {
  App app({.telemetry = false});
  add_routes(app);
  run(state, app, "/api/v1/items/42");
}
BENCHMARK(typed_json_without_telemetry);

void route_lookup(benchmark::State& state) {
  Router router;
  router.add(http::Method::get, "/api/v1/items", 1);
  router.add(http::Method::get, "/api/v1/items/{id}", 2);
  router.add(http::Method::get, "/plaintext", 3);
  RouteMatch match;
  for (auto _ : state) benchmark::DoNotOptimize(router.match(http::Method::get, "/api/v1/items", match));
}
BENCHMARK(route_lookup);

}  // namespace
}  // namespace marty::web
