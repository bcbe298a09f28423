#include "marty/telemetry/internal/living_sinks.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <mutex>

#include "marty/base/error.hpp"
#include "marty/telemetry/async_sink.hpp"

namespace marty::telemetry::internal {
namespace {

constexpr int kDeadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// Global, as the signals and the exit of the process are; and never destroyed, as other threads may crash during exit.
std::array<std::atomic<AsyncSink*>, 64> living;
struct sigaction before[std::size(kDeadly)];

// Async-signal-safe.
void on_crash(int signal, siginfo_t* info, void*) {
  static thread_local bool crashed = false;
  struct sigaction next {};
  next.sa_handler = SIG_DFL;  // where a handler of before came back here
  if (!crashed) {
    crashed = true;
    LivingSinks::flush_all_in_crash();
    next = before[std::find(std::begin(kDeadly), std::end(kDeadly), signal) - std::begin(kDeadly)];
  }
  sigaction(signal, &next, nullptr);
  if (info->si_code <= 0) raise(signal);  // it was sent; a fault comes again by itself
}

void install() {
  struct sigaction action {};
  action.sa_sigaction = &on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < std::size(kDeadly); ++i) sigaction(kDeadly[i], &action, &before[i]);
  std::atexit(&LivingSinks::flush_all);
  std::at_quick_exit(&LivingSinks::flush_all);
  pthread_atfork(nullptr, nullptr, &LivingSinks::become_child);
}

template <class Do>
void for_each(Do&& act) noexcept {
  for (std::atomic<AsyncSink*>& place : living) {
    if (AsyncSink* const sink = place.load()) act(*sink);
  }
}

}  // namespace

void LivingSinks::add(AsyncSink& sink) {
  static std::once_flag installed;
  std::call_once(installed, install);
  for (std::atomic<AsyncSink*>& place : living) {
    AsyncSink* nobody = nullptr;
    if (place.compare_exchange_strong(nobody, &sink)) return;
  }
  throw Error::exhausted("there are 64 AsyncSinks in this process: share them among services");
}

void LivingSinks::remove(AsyncSink& sink) noexcept {
  for (std::atomic<AsyncSink*>& place : living) {
    AsyncSink* expected = &sink;
    if (place.compare_exchange_strong(expected, nullptr)) return;
  }
}

void LivingSinks::flush_all() noexcept {
  for_each([](AsyncSink& sink) { sink.flush(); });
}

void LivingSinks::flush_all_in_crash() noexcept {
  for_each([](AsyncSink& sink) { sink.flush_in_crash(); });
}

void LivingSinks::become_child() noexcept {
  for_each([](AsyncSink& sink) { sink.become_child(); });
}

}  // namespace marty::telemetry::internal
