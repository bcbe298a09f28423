// Fibers where there is no stack for another one.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/sanitizer.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;

class CountedAmbient final : public Ambient {
 public:
  Ambient* share() override {
    ++shared;
    return this;
  }
  void release() noexcept override { --shared; }
  int shared = 0;
};

TEST(FiberExhaustion, a_fiber_that_cannot_be_made_keeps_nothing_of_what_it_was_to_inherit) {
  if (internal::kAddressSanitizer || internal::kThreadSanitizer) GTEST_SKIP() << "sanitizers keep a shadow of stacks";
  // Stacks of a terabyte each: some 64 to 96 fit into what a process can address.
  World::real({.loops = 1, .stack_bytes = std::size_t{1} << 40})->run([] {
    CountedAmbient ambient;
    Ambient* const before = exchange_ambient(&ambient);
    Event end;
    std::vector<Task<std::function<void()>>> fibers;
    const auto one_more = [&] { fibers.push_back(spawn(std::function<void()>([&] { end.wait(); }))); };
    const auto until_none_is_left = [&] {
      while (fibers.size() < 1000) one_more();
    };
    EXPECT_EQ(code_thrown_by(until_none_is_left), Code::resource_exhausted);
    EXPECT_EQ(ambient.shared, static_cast<int>(fibers.size()));
    end.set();
    for (auto& fiber : fibers) fiber.join();
    EXPECT_EQ(ambient.shared, 0);
    exchange_ambient(before);
  });
}

}  // namespace
}  // namespace marty::runtime
