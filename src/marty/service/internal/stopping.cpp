// What Service::stop() does beside the lifecycle: the servers' drain, and the end of a process that hangs.
#include <unistd.h>

#include <cstdio>
#include <new>

#include "marty/runtime/fiber.hpp"
#include "marty/service/internal/log.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

constexpr std::size_t kNamedFibers = 20;
constexpr runtime::Duration kMemoryPause = std::chrono::milliseconds(20);

// Those of this loop that were told to end, and go on.
std::string unending_fibers() {
  std::string names;
  std::size_t count = 0;
  for (const runtime::FiberView& fiber : runtime::Loop::current().fibers()) {
    if (!fiber.cancelled || ++count > kNamedFibers) continue;
    const std::string& name = fiber.title.empty() ? fiber.name : fiber.title;
    names += (names.empty() ? "" : ", ") + (name.empty() ? std::string("(unnamed)") : name);
  }
  return names;
}

void pause_for_memory() {
  const runtime::ShieldScope shield;
  runtime::sleep_for(kMemoryPause);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
}

}  // namespace

// Load balancers still send: they get answers, and the word that the next request belongs elsewhere.
void Service::State::announce_stop() {
  if (server != nullptr) server->announce_drain();
  if (grpc_server != nullptr) grpc_server->announce_drain();
}

// Handlers use what is taken apart next, so a drain that finds no memory is tried again until it is done; what takes
// too long ends in give_up().
void Service::State::drain_servers() {
  while (server != nullptr || grpc_server != nullptr) {
    try {
      drain_once();
    } catch (const std::bad_alloc&) {
      pause_for_memory();
    } catch (const Error& error) {
      if (error.code() != Code::resource_exhausted) throw;
      pause_for_memory();
    }
  }
}

// Both at the same time. Who is cancelled already, by a second signal, waits for nobody.
void Service::State::drain_once() {
  runtime::Event* const second_signal = hurry ? &*hurry : nullptr;
  const runtime::Duration patience =
      runtime::cancelled() ? runtime::Duration::zero() : server_section.drain_timeout.value();
  bool finished = true;
  connection_metrics.clear();
  {
    auto other = runtime::spawn([&] {
      if (grpc_server != nullptr && !grpc_server->drain(patience, second_signal)) finished = false;
    });
    if (server != nullptr && !server->drain(patience, second_signal)) finished = false;
    other.join();
  }
  if (!finished && second_signal != nullptr && second_signal->is_set()) {
    service::kLog.warning("requests were cut off by a second signal");
  } else if (!finished) {
    service::kLog.warning("requests were cut off: they took longer than server.drain_timeout");
  }
  grpc_server.reset();
  server.reset();
}

// Something ignores its cancellation. What it uses cannot be taken apart below it, so a program ends here, and says
// why.
void Service::State::give_up(const std::string& part) {
  const std::string fibers = unending_fibers();
  service::kLog.error(owns_process ? "hangs: it was cancelled five seconds ago and goes on, so this process ends now"
                                   : "hangs: it was cancelled five seconds ago and goes on",
                      {{"part", part}, {"fibers", fibers}});
  if (!owns_process) return;
  logging->flush();
  std::fprintf(stderr, "%s: %s hangs, and was ended: the log says what went on\n", name.c_str(), part.c_str());
  ::_exit(1);
}

}  // namespace marty
