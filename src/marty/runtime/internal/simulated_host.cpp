#include "marty/runtime/internal/simulated_host.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/simulated_driver.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::uint16_t kFirstFreePort = 32'768;

class HostJob final : public FiberJob {
 public:
  HostJob(SimulatedDriver& driver, std::function<void()> function) : driver_(driver), function_(std::move(function)) {}

  void run() override {
    try {
      function_();
    } catch (...) {
      if (!cancelled()) driver_.fail(std::current_exception());
    }
    function_ = nullptr;
  }
  void finished() noexcept override { delete this; }

 private:
  SimulatedDriver& driver_;
  std::function<void()> function_;
};

}  // namespace

SimulatedListener::SimulatedListener(Host& host, Address address, std::size_t backlog)
    : host_(host), address_(std::move(address)), backlog_(backlog) {
  host_.add_listener(address_, *this);
}

SimulatedListener::~SimulatedListener() { close(); }

void SimulatedListener::close() noexcept {
  if (std::exchange(closed_, true)) return;
  refuse_new();
  pending_.clear();
}

void SimulatedListener::refuse_new() noexcept {
  if (std::exchange(listens_, false)) host_.remove_listener(address_);
}

bool SimulatedListener::offer(Socket& socket) {
  if (pending_.size() >= backlog_) return false;
  pending_.push_back(std::move(socket));
  if (acceptor_ != nullptr) acceptor_->scheduler.wake(*acceptor_);
  return true;
}

Socket SimulatedListener::accept() {
  Scheduler& scheduler = host_.driver().scheduler();
  while (pending_.empty()) {
    if (closed_)
      throw Error(Code::unavailable, "the listener on " + address_.to_string() + " is closed: its host crashed");
    MARTY_CHECK(acceptor_ == nullptr);
    acceptor_ = scheduler.current_fiber();
    const Wake woken = scheduler.wait();
    acceptor_ = nullptr;
    if (woken != Wake::notified) scheduler.throw_interrupted(woken, "accepting on " + address_.to_string());
  }
  return *try_accept();
}

std::optional<Socket> SimulatedListener::try_accept() {
  if (pending_.empty()) return std::nullopt;
  Socket socket = std::move(pending_.front());
  pending_.pop_front();
  return socket;
}

void Host::run(const std::function<void()>& function) {
  Fiber* fiber = driver_.scheduler().current_fiber();
  MARTY_CHECK(fiber != nullptr);
  struct Restore {
    Fiber& fiber;
    Host* before;
    ~Restore() { fiber.host = before; }
  } const restore{*fiber, std::exchange(fiber->host, this)};
  function();
}

void Host::start(std::function<void()> function) {
  driver_.scheduler().start(*new HostJob(driver_, std::move(function)), name_, this);
}

struct Host::SignalWait {
  std::span<const int> signals;
  Fiber* fiber;
  int received = 0;
};

int Host::wait_for_signal(std::span<const int> signals) {
  const auto pending =
      std::find_first_of(pending_signals_.begin(), pending_signals_.end(), signals.begin(), signals.end());
  if (pending != pending_signals_.end()) {
    const int signal = *pending;
    pending_signals_.erase(pending);
    return signal;
  }
  Scheduler& scheduler = driver_.scheduler();
  SignalWait wait{signals, scheduler.current_fiber()};
  signal_waits_.push_back(&wait);
  const Wake woken = scheduler.wait();
  std::erase(signal_waits_, &wait);
  if (woken != Wake::notified) scheduler.throw_interrupted(woken, "waiting for a signal");
  return wait.received;
}

void Host::raise(int signal) {
  bool awaited = false;
  for (SignalWait* wait : signal_waits_) {
    if (wait->received != 0 || std::find(wait->signals.begin(), wait->signals.end(), signal) == wait->signals.end())
      continue;
    wait->received = signal;
    driver_.scheduler().wake(*wait->fiber);
    awaited = true;
  }
  if (!awaited) pending_signals_.push_back(signal);
}

void Host::crash() {
  driver_.scheduler().cancel_fibers_of(*this);
  driver_.cut(*this);
  while (!listeners_.empty()) listeners_.begin()->second->close();
  pending_signals_.clear();
}

Address Host::free_address() {
  do {
    last_port_ = last_port_ == UINT16_MAX ? kFirstFreePort : static_cast<std::uint16_t>(last_port_ + 1);
  } while (listeners_.contains(std::to_string(last_port_)));
  return address(last_port_);
}

SimulatedListener* Host::find_listener(const Address& address) const {
  const auto found = listeners_.find(key(address));
  return found == listeners_.end() ? nullptr : found->second;
}

void Host::add_listener(const Address& address, SimulatedListener& listener) {
  listeners_.emplace(key(address), &listener);
}

void Host::remove_listener(const Address& address) noexcept { listeners_.erase(key(address)); }

}  // namespace marty::runtime::internal
