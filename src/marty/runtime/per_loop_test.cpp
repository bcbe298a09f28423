#include "marty/runtime/per_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime {
namespace {

// Remembers the loop that it belongs to.
struct Resident {
  explicit Resident(std::atomic<int>& count) : living(count), home(&Loop::current()) { ++living; }
  ~Resident() {
    EXPECT_EQ(&Loop::current(), home);
    --living;
  }
  std::atomic<int>& living;
  Loop* const home;
};

TEST(PerLoop, each_loop_has_its_own_and_it_ends_there) {
  internal::in_world(
      [] {
        std::atomic<int> living{0};
        int made = 0;
        {
          PerLoop<Resident> residents([&] {
            ++made;
            return std::make_unique<Resident>(living);
          });
          EXPECT_EQ(made, 0);
          Resident* const here = &residents.get();
          EXPECT_EQ(&residents.get(), here);
          run_on(*World::current().loops()[1], [&] {
            EXPECT_NE(&residents.get(), here);
            EXPECT_EQ(residents.get().home, &Loop::current());
          });
          EXPECT_EQ(made, 2);
          EXPECT_EQ(living, 2);
        }
        EXPECT_EQ(living, 0);
      },
      {.loops = 2});
}

TEST(PerLoop, one_that_made_nothing_needs_no_world) {
  PerLoop<int> unused([] { return std::make_unique<int>(1); });
}

}  // namespace
}  // namespace marty::runtime
