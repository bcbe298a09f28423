// What reading and replacing a configuration costs.
#include <benchmark/benchmark.h>

#include "marty/config/configuration.hpp"
#include "marty/runtime/world.hpp"

namespace {

using namespace marty;

struct Shop {
  int limit = 5;
  std::string greeting = "hello";
  static constexpr auto rules = marty::rules(marty::field<&Shop::limit>.reloadable());
};

void in_world(const std::function<void(config::Configuration&, config::Live<Shop>)>& body) {
  runtime::World::real({.loops = 2})->run([&] {
    config::Configuration configuration({.directory = "none"});
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    body(configuration, shop);
  });
}

// Of a handler: its context holds the generation.
void read_in_a_request(benchmark::State& state) {
  in_world([&](config::Configuration& configuration, config::Live<Shop> shop) {
    telemetry::Context context;
    context.generation = configuration.pin();
    const telemetry::ContextScope scope(context);
    for (auto _ : state) benchmark::DoNotOptimize(shop->limit);
  });
}
BENCHMARK(read_in_a_request);

void read_elsewhere(benchmark::State& state) {
  in_world([&](config::Configuration&, config::Live<Shop> shop) {
    for (auto _ : state) benchmark::DoNotOptimize(shop->limit);
  });
}
BENCHMARK(read_elsewhere);

void pin(benchmark::State& state) {
  in_world([&](config::Configuration& configuration, config::Live<Shop>) {
    for (auto _ : state) benchmark::DoNotOptimize(configuration.pin());
  });
}
BENCHMARK(pin);

// A whole reload without files, for two loops.
void reload(benchmark::State& state) {
  in_world([&](config::Configuration& configuration, config::Live<Shop>) {
    int number = 0;
    for (auto _ : state) {
      configuration.options().variables["MARTY_SHOP__LIMIT"] = std::to_string(++number);
      benchmark::DoNotOptimize(configuration.reload());
    }
  });
}
BENCHMARK(reload)->Unit(benchmark::kMicrosecond);

}  // namespace
