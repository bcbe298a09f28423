#include "marty/http/server.hpp"

#include <atomic>
#include <new>
#include <utility>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http {
namespace {

constexpr runtime::Duration kMemoryPause = std::chrono::milliseconds(20);
constexpr runtime::Duration kCutPatience = std::chrono::seconds(3);  // then handlers that go on are logged

// On a fiber of that loop; without a switch where it is the current one.
template <class Function>
void on_loop(runtime::Loop& loop, Function&& function) {
  if (&loop == &runtime::Loop::current()) return function();
  runtime::run_on(loop, std::forward<Function>(function));
}

}  // namespace

class Server::State final : public internal::ServerShared {
 public:
  State(Handler& handler, ServerOptions options) : handler_(handler), options_(std::move(options)) {}

  void start();
  void announce_drain() noexcept { announced = true; }
  bool drain(runtime::Duration timeout, runtime::Event* hurry);
  bool running() const noexcept { return !loops_.empty(); }
  runtime::Address address() const { return running() ? address_ : options_.address; }
  ServerStats stats() const;

  std::uint64_t requests_in_flight() const noexcept override;
  bool add_connection() noexcept override;
  void remove_connection() noexcept override;
  void stopped_accepting() noexcept override;

 private:
  // One loop's part, and the loop on whose fibers it lives.
  struct Part {
    runtime::Loop* loop;
    std::unique_ptr<internal::LoopServer> server;
  };

  runtime::PortSharing sharing(std::size_t loops) const noexcept;
  bool drain_once(runtime::Duration timeout, runtime::Event* hurry);
  bool close_within(runtime::Duration timeout, runtime::Event* hurry);
  void cut();
  void close_parts();

  Handler& handler_;
  const ServerOptions options_;
  runtime::Address address_;
  std::vector<Part> loops_;
  ServerStats before_;  // of earlier runs
  std::atomic<std::uint64_t> connections_{0};
  // Set when the last connection has closed and none can come any more. Replaced at every start.
  std::unique_ptr<runtime::Event> all_closed_;
  std::atomic<std::size_t> accepting_{0};  // loops that may still take a connection
};

void Server::State::start() {
  if (running()) throw Error(Code::failed_precondition, "the HTTP server on " + address_.to_string() + " runs already");
  const auto loops = runtime::World::current().loops();
  const runtime::ShieldScope shield;  // started on all loops or on none
  accepting_ = 0;
  announced = false;
  all_closed_ = std::make_unique<runtime::Event>();
  address_ = options_.address;
  try {
    for (runtime::Loop* loop : loops) {
      loops_.push_back({loop, std::make_unique<internal::LoopServer>(*this, handler_, options_, loops.size())});
      ++accepting_;
      // A Unix socket has one listener; the first loop serves it.
      if (loops_.size() > 1 && address_.is_unix()) continue;
      on_loop(*loop, [&] { address_ = loops_.back().server->listen(address_, sharing(loops.size())); });
    }
    for (Part& part : loops_) {
      on_loop(*part.loop, [&] { part.server->start(*part.loop); });
    }
  } catch (...) {
    drain(runtime::Duration::zero(), nullptr);  // a loop may have taken a connection already
    throw;
  }
}

// Of the listener that comes next. Only the first one is refused a port that another process has.
runtime::PortSharing Server::State::sharing(std::size_t loops) const noexcept {
  if (loops == 1 || address_.is_unix()) return runtime::PortSharing::none;
  return loops_.size() == 1 ? runtime::PortSharing::first : runtime::PortSharing::next;
}

// Handlers use what is taken apart next, so a drain that finds no memory is tried again until it is done.
bool Server::State::drain(runtime::Duration timeout, runtime::Event* hurry) {
  const runtime::ShieldScope shield;  // what was begun is finished
  bool finished = true;
  while (running()) {
    try {
      finished = drain_once(timeout, hurry);
      continue;
    } catch (const std::bad_alloc&) {
    } catch (const Error& error) {
      if (error.code() != Code::resource_exhausted) throw;
    }
    runtime::sleep_for(kMemoryPause);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
  }
  return finished;
}

bool Server::State::drain_once(runtime::Duration timeout, runtime::Event* hurry) {
  bool finished = timeout <= runtime::Duration::zero() && connections_.load() == 0;
  if (timeout > runtime::Duration::zero()) {
    for (Part& part : loops_) {
      on_loop(*part.loop, [&] { part.server->drain(timeout); });
    }
    finished = close_within(timeout, hurry);
  }
  if (!all_closed_->is_set()) cut();
  close_parts();
  return finished;
}

// A shield also hides deadlines and cancellation, so the waiting is done by a fiber that has both.
bool Server::State::close_within(runtime::Duration timeout, runtime::Event* hurry) {
  if (all_closed_->is_set()) return true;
  bool closed = false;
  auto waiting = runtime::spawn(
      [&] {
        const runtime::DeadlineScope scope(timeout);
        try {
          all_closed_->wait();
          closed = true;
        } catch (const Error&) {  // too late, or in a hurry
        }
      },
      "http drain");
  auto impatience = runtime::spawn(
      [&] {
        if (hurry == nullptr) return;
        hurry->wait();
        waiting.cancel();
      },
      "http drain in a hurry");
  waiting.join();
  return closed;
}

// Handlers that ignore their cancellation have the rest of it: nothing that they use may go before them.
void Server::State::cut() {
  for (Part& part : loops_) {
    on_loop(*part.loop, [&] { part.server->cut(); });
  }
  if (close_within(kCutPatience, nullptr)) return;
  for (Part& part : loops_) {
    on_loop(*part.loop, [&] { part.server->report_unending(kCutPatience); });
  }
  all_closed_->wait();
}

void Server::State::close_parts() {
  while (!loops_.empty()) {
    Part& part = loops_.back();
    on_loop(*part.loop, [this, &part] {
      part.server->stop();
      part.server->add_to(before_);
      part.server.reset();
    });
    loops_.pop_back();
  }
  before_.requests_in_flight = before_.connections_open = 0;
}

ServerStats Server::State::stats() const {
  ServerStats stats = before_;
  stats.connections_open = connections_.load(std::memory_order_relaxed);
  for (const Part& part : loops_) part.server->add_to(stats);
  return stats;
}

std::uint64_t Server::State::requests_in_flight() const noexcept {
  std::uint64_t sum = 0;
  for (const Part& part : loops_) sum += part.server->in_flight();
  return sum;
}

bool Server::State::add_connection() noexcept {
  if (connections_.fetch_add(1, std::memory_order_relaxed) < options_.limits.connections) return true;
  connections_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Server::State::remove_connection() noexcept {
  if (connections_.fetch_sub(1) == 1 && accepting_.load() == 0) all_closed_->set();
}

void Server::State::stopped_accepting() noexcept {
  if (accepting_.fetch_sub(1) == 1 && connections_.load() == 0) all_closed_->set();
}

Server::Server(Handler& handler, ServerOptions options)
    : state_(std::make_unique<State>(handler, std::move(options))) {}

Server::~Server() {
  if (state_->running()) drain(runtime::Duration::zero());
}

void Server::start() { state_->start(); }
runtime::Address Server::address() const { return state_->address(); }
void Server::announce_drain() noexcept { state_->announce_drain(); }
bool Server::drain(runtime::Duration timeout, runtime::Event* hurry) { return state_->drain(timeout, hurry); }
ServerStats Server::stats() const { return state_->stats(); }

}  // namespace marty::http
