// Our client, on one core: bench_grpc_marty_client PORT CALLS AT_A_TIME, and then it prints "RESULT calls=… us=…".
#include <cstdio>
#include <cstdlib>

#include "greeter.marty.hpp"
#include "marty/grpc/channel.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"

namespace {

void call(marty::grpc::Channel& channel, int calls) {
  bench::v1::Greeter::Client greeter(channel);
  bench::v1::HelloRequest request;
  request.set_name(std::string(90, 'a'));
  for (int i = 0; i < calls; ++i) {
    request.set_id(i);
    if (greeter.say_hello(request).id() != i) std::abort();
  }
}

void measure(const std::string& target, int calls, int at_a_time) {
  marty::grpc::Channel channel(target);
  call(channel, 1);  // the connection is there
  const auto before = std::chrono::steady_clock::now();
  std::vector<marty::runtime::Task<std::function<void()>>> callers;
  for (int i = 0; i < at_a_time; ++i)
    callers.emplace_back(std::function<void()>([&] { call(channel, calls / at_a_time); }));
  for (auto& caller : callers) caller.join();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - before);
  std::printf("RESULT calls=%d us=%lld\n", calls / at_a_time * at_a_time, static_cast<long long>(us.count()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  marty::runtime::World::real({.loops = 1})->run([&] {
    measure(std::string("127.0.0.1:") + argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  });
}
