#include "marty/runtime/simulation.hpp"

#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/main_job.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/simulated_driver.hpp"

namespace marty::runtime {
namespace {

constexpr std::size_t kStackBytes = 256 << 10;

}  // namespace

class SimulatedWorld::State {
 public:
  State(SimulatedWorld& world, const SimulationOptions& options) {
    auto owned = std::make_unique<internal::SimulatedDriver>(options);
    driver = owned.get();
    scheduler = std::make_unique<internal::Scheduler>(world, std::move(owned), 0, internal::StackOptions{kStackBytes});
    loops[0] = scheduler.get();
  }

  internal::SimulatedDriver* driver;  // the scheduler's
  std::unique_ptr<internal::Scheduler> scheduler;
  Loop* loops[1];
};

SimulatedWorld::SimulatedWorld(SimulationOptions options) : state_(std::make_unique<State>(*this, options)) {}
SimulatedWorld::~SimulatedWorld() = default;

void SimulatedWorld::run(std::function<void()> main) {
  State& state = *state_;
  state.driver->restart();
  state.scheduler->accept_new_fibers();
  internal::MainJob job(std::move(main), {state.scheduler.get()});
  state.scheduler->start(job, "main", &state.driver->host("main"));
  state.scheduler->run();
  if (state.driver->failure()) std::rethrow_exception(state.driver->failure());
  if (!state.driver->stuck().empty())
    throw state.driver->exhausted() ? Error::exhausted(state.driver->stuck())
                                    : Error(Code::failed_precondition, state.driver->stuck());
  job.rethrow();
}

std::span<Loop* const> SimulatedWorld::loops() const { return state_->loops; }
SimulatedHost& SimulatedWorld::host(std::string_view name) { return state_->driver->host(name); }
SimulatedNetwork& SimulatedWorld::network() { return *state_->driver; }
Duration SimulatedWorld::elapsed() const { return state_->driver->elapsed(); }
std::uint64_t SimulatedWorld::events() const { return state_->driver->events(); }
std::uint64_t SimulatedWorld::trace_hash() const { return state_->driver->trace_hash(); }

}  // namespace marty::runtime
