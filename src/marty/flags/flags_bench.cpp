// What a decision costs a request: by handle and by name, for all and for a percentage.
#include <benchmark/benchmark.h>

#include <functional>

#include "marty/flags/flags.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::flags {
namespace {

// On a fiber, in a request of a user, with a pin as requests have it.
void in_request(const std::function<void(const Flags&, const Flag& all, const Flag& some)>& body) {
  runtime::World::real({.loops = 1})->run([&] {
    telemetry::Metrics metrics;
    config::Configuration configuration({.variables = {{"MARTY_FEATURE_FLAGS__SOME__PERCENTAGE", "25"},
                                                       {"MARTY_FEATURE_FLAGS__SOME__USERS", "bob, carl, dora"}}});
    Flags flags(configuration, metrics);
    const Flag all = flags.declare("all", true);
    const Flag some = flags.declare("some", false);
    for (int other = 0; other < 50; ++other) flags.declare("other" + std::to_string(other), false);
    configuration.start();
    telemetry::Context context;
    context.begin();
    context.user_id.assign("4bf92f3577b34da6");
    context.generation = configuration.pin();
    const telemetry::ContextScope scope(context);
    body(flags, all, some);
  });
}

void live_read(benchmark::State& state) {
  struct Section {
    int number = 1;
  };
  runtime::World::real({.loops = 1})->run([&] {
    config::Configuration configuration{config::LoadOptions{}};
    const auto section = configuration.section<Section>("section");
    configuration.start();
    for (auto _ : state) benchmark::DoNotOptimize(section->number);
  });
}
BENCHMARK(live_read);

void live_read_pinned(benchmark::State& state) {
  struct Section {
    int number = 1;
  };
  runtime::World::real({.loops = 1})->run([&] {
    config::Configuration configuration{config::LoadOptions{}};
    const auto section = configuration.section<Section>("section");
    configuration.start();
    telemetry::Context context;
    context.generation = configuration.pin();
    const telemetry::ContextScope scope(context);
    for (auto _ : state) benchmark::DoNotOptimize(section->number);
  });
}
BENCHMARK(live_read_pinned);

void flag_for_all(benchmark::State& state) {
  in_request([&](const Flags&, const Flag& all, const Flag&) {
    for (auto _ : state) benchmark::DoNotOptimize(all.enabled());
  });
}
BENCHMARK(flag_for_all);

void flag_percentage(benchmark::State& state) {
  in_request([&](const Flags&, const Flag&, const Flag& some) {
    for (auto _ : state) benchmark::DoNotOptimize(some.enabled());
  });
}
BENCHMARK(flag_percentage);

void flag_percentage_by_name(benchmark::State& state) {
  in_request([&](const Flags& flags, const Flag&, const Flag&) {
    for (auto _ : state) benchmark::DoNotOptimize(flags.enabled("some"));
  });
}
BENCHMARK(flag_percentage_by_name);

void flag_cohorts(benchmark::State& state) {
  in_request([&](const Flags&, const Flag&, const Flag& some) {
    for (auto _ : state) benchmark::DoNotOptimize(some.enabled({.cohorts = {"beta", "staff"}}));
  });
}
BENCHMARK(flag_cohorts);

}  // namespace
}  // namespace marty::flags
