#include "marty/service/lifecycle.hpp"

#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::service {
namespace {

constexpr runtime::Duration kHangTimeout = std::chrono::seconds(5);  // of a part that was cancelled

// The code of what went wrong, so that the caller sees unavailable as unavailable.
Code code_of(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Error& error) {
    return error.code();
  } catch (...) {
    return Code::internal;
  }
}

}  // namespace

// On a fiber of its own, as what it spawns to stay must not inherit its limit.
void Lifecycle::call_within(const std::string& part, const std::function<void()>& function,
                            runtime::Duration timeout) const {
  const auto spawn = [&] {
    const runtime::ShieldScope shield;
    return runtime::spawn([&function] { function(); }, "lifecycle");
  };
  auto call = spawn();
  try {
    const runtime::DeadlineScope scope(timeout);
    return call.join();
  } catch (...) {
    if (call.done()) throw;  // its own failure
  }
  const bool cancelled = runtime::cancelled();
  const runtime::ShieldScope shield;
  call.cancel();
  const auto alarm = runtime::spawn(
      [&] {
        runtime::sleep_for(kHangTimeout);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
        if (on_hang_) on_hang_(part);
      },
      "lifecycle alarm");
  try {
    call.join();  // done after all
  } catch (const Error&) {
    if (cancelled) throw;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
    throw Error(Code::deadline_exceeded, "it took longer than " + std::to_string(seconds) + " s",
                std::current_exception());
  }
}

std::exception_ptr Lifecycle::run_within(const std::string& part, const std::function<void()>& function,
                                         runtime::Duration timeout) const noexcept {
  if (!function) return nullptr;
  try {
    call_within(part, function, timeout);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

// Without memory for a fiber of its own on this one, and without a limit: a part that goes on would use what is taken
// apart next.
std::exception_ptr Lifecycle::stop_part(const Part& part) const noexcept {
  if (!part.stop) return nullptr;
  bool begun = false;
  const auto failure = run_within(
      part.name, [&part, &begun] { begun = true, part.stop(); }, part.stop_timeout);
  if (begun) return failure;
  const runtime::ShieldScope shield;
  try {
    part.stop();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

void Lifecycle::add(Part part) {
  MARTY_CHECK(!running());
  parts_.push_back(std::move(part));
}

void Lifecycle::start() {
  MARTY_CHECK(!running());
  for (const Part& part : parts_) {
    if (const auto failure = run_within(part.name, part.start, part.start_timeout)) {
      stop_in_peace();
      throw Error(code_of(failure), "cannot start " + part.name, failure);
    }
    ++started_;
  }
}

// Where the start was cancelled or ran out of time, what has started may still take its time to stop: on a fiber that
// inherits neither.
void Lifecycle::stop_in_peace() {
  try {
    const runtime::ShieldScope shield;
    runtime::spawn([this] { stop(); }, "stop after a failed start").join();
  } catch (const std::exception&) {  // no memory for it
    stop();
  }
}

std::vector<std::string> Lifecycle::stop() noexcept {
  std::vector<std::string> failures;
  while (started_ > 0) {
    const Part& part = parts_[--started_];
    const auto failure = stop_part(part);
    if (!failure) continue;
    try {
      failures.push_back("cannot stop " + part.name + ": " + describe(failure));
    } catch (const std::bad_alloc&) {  // the others have to stop all the same
    }
  }
  return failures;
}

}  // namespace marty::service
