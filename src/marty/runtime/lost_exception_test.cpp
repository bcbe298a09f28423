// What becomes of an exception that leaves a fiber when nobody joins it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what is reported to it. Fibers that start in its scope have it.
class Reports final : public Ambient {
 public:
  Reports() : before_(exchange_ambient(this)) {}
  ~Reports() { exchange_ambient(before_); }
  Ambient* share() override { return ++references, this; }
  void release() noexcept override { --references; }
  void report_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept override {
    lines.push_back(std::string(fiber) + ": " + describe(exception));
  }

  int references = 0;
  std::vector<std::string> lines;

 private:
  Ambient* before_;
};

void breaks() { throw std::runtime_error("the job broke"); }

TEST(LostException, is_reported_five_seconds_after_its_fiber_has_ended) {
  SimulatedWorld().run([] {
    Reports reports;
    auto job = spawn(breaks, "job");
    sleep_for(4s);
    EXPECT_THAT(reports.lines, IsEmpty());
    sleep_for(2s);
    EXPECT_THAT(reports.lines, ElementsAre("job: the job broke"));
    EXPECT_EQ(reports.references, 0);
    EXPECT_THROW(job.join(), std::runtime_error) << "who asks late still gets it";
    EXPECT_THAT(reports.lines, ElementsAre("job: the job broke"));
  });
}

TEST(LostException, is_reported_when_the_task_goes) {
  SimulatedWorld().run([] {
    Reports reports;
    {
      auto job = spawn(breaks);
      sleep_for(1s);
    }
    EXPECT_THAT(reports.lines, ElementsAre("(unnamed): the job broke"));
    EXPECT_EQ(reports.references, 0);
  });
}

TEST(LostException, is_none_where_somebody_joins) {
  SimulatedWorld().run([] {
    Reports reports;
    auto before = spawn(breaks);
    EXPECT_THROW(before.join(), std::runtime_error);
    auto after = spawn(breaks);
    sleep_for(1s);
    EXPECT_THROW(after.join(), std::runtime_error);
    sleep_for(10s);
    EXPECT_THAT(reports.lines, IsEmpty());
    EXPECT_EQ(reports.references, 0);
  });
}

TEST(LostException, is_none_where_a_fiber_was_cancelled) {
  SimulatedWorld().run([] {
    Reports reports;
    {
      auto asleep = spawn([] { sleep_for(1h); });
      auto clumsy = spawn([] {
        try {
          sleep_for(1h);
        } catch (const Error&) {
          throw Error(Code::unavailable, "cannot say good-bye");
        }
      });
      yield();
    }
    auto of_another = spawn([] { throw Error(Code::cancelled, "the caller gave up"); });
    sleep_for(10s);
    EXPECT_THAT(reports.lines, IsEmpty());
  });
}

TEST(LostException, of_a_join_that_gave_up_is_reported_as_well) {
  SimulatedWorld().run([] {
    Reports reports;
    {
      auto job = spawn([] { sleep_for(2s), breaks(); }, "job");
      const DeadlineScope scope(1s);
      EXPECT_THROW(job.join(), Error);
      const ShieldScope shield;
      sleep_for(2s);
    }
    EXPECT_THAT(reports.lines, ElementsAre("job: the job broke"));
  });
}

}  // namespace
}  // namespace marty::runtime
