// Parsing and writing one order of about 500 bytes, and the floor below both: copying the struct.
#include "marty/json/json.hpp"

#include <benchmark/benchmark.h>

#include "bench/order.hpp"

namespace marty::json {
namespace {

void copy_the_struct(benchmark::State& state) {
  const auto order = parse<bench::Order>(bench::kOrderText);
  for (auto _ : state) {
    bench::Order copy = order;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(copy_the_struct);

void parse_an_order(benchmark::State& state) {
  for (auto _ : state) {
    auto order = parse<bench::Order>(bench::kOrderText);
    benchmark::DoNotOptimize(order);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bench::kOrderText.size()));
}
BENCHMARK(parse_an_order);

void write_an_order(benchmark::State& state) {
  const auto order = parse<bench::Order>(bench::kOrderText);
  std::string text;
  for (auto _ : state) {
    text.clear();
    write(text, order);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(write_an_order);

}  // namespace
}  // namespace marty::json
