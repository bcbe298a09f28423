// For the tests of this folder: one real World around a piece of test.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime::internal {

inline void in_world(std::function<void()> test, WorldOptions options = {.loops = 1}) {
  World::real(std::move(options))->run(std::move(test));
}

// The code of the Error that `function` throws; nothing where it throws none.
template <class Function>
std::optional<Code> code_thrown_by(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// Its message, or "".
template <class Function>
std::string message_thrown_by(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

}  // namespace marty::runtime::internal
