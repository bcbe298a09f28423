#include "marty/service/lifecycle.hpp"

#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::service {
namespace {

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

std::exception_ptr run_within(const std::function<void()>& function, runtime::Duration timeout) noexcept {
  if (!function) return nullptr;
  try {
    const runtime::DeadlineScope scope(timeout);
    function();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

void Lifecycle::add(Part part) {
  MARTY_CHECK(!running());
  parts_.push_back(std::move(part));
}

void Lifecycle::start() {
  MARTY_CHECK(!running());
  for (const Part& part : parts_) {
    if (const auto failure = run_within(part.start, part.start_timeout)) {
      stop();
      throw Error(code_of(failure), "cannot start " + part.name, failure);
    }
    ++started_;
  }
}

std::vector<std::string> Lifecycle::stop() noexcept {
  std::vector<std::string> failures;
  while (started_ > 0) {
    const Part& part = parts_[--started_];
    if (const auto failure = run_within(part.stop, part.stop_timeout)) {
      failures.push_back("cannot stop " + part.name + ": " + describe(failure));
    }
  }
  return failures;
}

}  // namespace marty::service
