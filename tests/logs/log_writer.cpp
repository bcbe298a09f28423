// Writes numbered log lines from eight fibers, then ends as it is told: log_writer LINES ENDING [FILE [MAX_BYTES]]
// ENDING is return, exit, quick_exit, abort, terminate, fault (by a null pointer), overflow (of a fiber's stack), kill
// (by somebody else), late_fault (after the world) or late_overflow (in another one). Without FILE the lines go to
// standard output. Says on stderr what a line cost.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/time.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/async_sink.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/log_file.hpp"

namespace {

using namespace marty;
using namespace marty::telemetry;

constexpr int kFibers = 8;
constexpr int kBurst = 100;  // lines between two times that other fibers of the loop get their turn

void write_lines(Logging& logging, int fiber, int lines) {
  Context context;
  context.begin();
  context.logging = &logging;
  const ContextScope scope(context);
  for (int line = 0; line < lines; ++line) {
    log::info("numbered", {{"fiber", fiber}, {"number", line}});
    if (line % kBurst == 0) runtime::yield();
  }
}

int recurse(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

void end(std::string_view ending) {
  if (ending == "exit") std::exit(0);
  if (ending == "quick_exit") std::quick_exit(0);
  if (ending == "abort") std::abort();
  if (ending == "terminate") throw std::runtime_error("nobody catches this");
  if (ending == "fault") *static_cast<volatile int*>(nullptr) = 1;
  if (ending == "overflow") runtime::spawn([] { return recurse(1'000'000); }, "greedy").join();
  if (ending == "kill") ::pause();
}

void run(Logging& logging, int lines) {
  std::vector<runtime::Task<std::function<void()>>> fibers;
  const auto loops = runtime::World::current().loops();
  const runtime::TimePoint start = runtime::now();
  for (int fiber = 0; fiber < kFibers; ++fiber) {
    fibers.emplace_back(std::function<void()>([&logging, &loops, fiber, lines] {
      runtime::run_on(*loops[static_cast<std::size_t>(fiber) % loops.size()],
                      [&] { write_lines(logging, fiber, lines / kFibers); });
    }));
  }
  for (auto& fiber : fibers) fiber.join();
  if (lines == 0) return;
  std::fprintf(stderr, "%.0f ns per line and loop\n",
               static_cast<double>((runtime::now() - start).count()) / lines * static_cast<double>(loops.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: log_writer LINES ENDING [FILE [MAX_BYTES]]\n", stderr), 2;
  const std::string_view ending = argv[2];
  std::unique_ptr<LogOutput> output;
  if (argc > 3) {
    LogFileOptions options{.path = argv[3]};
    if (argc > 4) options.max_bytes = std::strtoull(argv[4], nullptr, 10);
    output = std::make_unique<LogFile>(options);
  } else {
    output = std::make_unique<DescriptorOutput>(STDOUT_FILENO);
  }
  std::optional<AsyncSink> sink;
  std::optional<Logging> logging;
  runtime::World::real({.loops = 2})->run([&] {
    sink.emplace(std::move(output),
                 OnFull::wait);  // as a service does it: within a world, which has a handler of faults already
    logging.emplace(LoggingOptions{.service = "log_writer", .version = "1.0.0", .environment = "testing"}, *sink);
    run(*logging, std::atoi(argv[1]));
    end(ending);
  });
  if (ending == "late_fault") end("fault");
  if (ending == "late_overflow") runtime::World::real({.loops = 1})->run([] { end("overflow"); });
  if (sink->dropped() != 0) std::fprintf(stderr, "%llu dropped\n", static_cast<unsigned long long>(sink->dropped()));
  return 0;
}
