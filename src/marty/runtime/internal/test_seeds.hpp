// For tests: the seeds that a test of many schedules tries, few by default and as many as one likes by hand.
//
//   for (Seeds seeds(75); seeds.left(); seeds.next()) Schedule(seeds.now()).run();
//
// MARTY_SCHEDULES says how many instead, and MARTY_SEED which is the first (0), as scripts/soak does. A failure names
// its seed: MARTY_SEED=N MARTY_SCHEDULES=1 repeats it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace marty::runtime::internal {

class Seeds {
 public:
  explicit Seeds(std::uint64_t by_default)
      : now_(variable("MARTY_SEED", 0)), end_(now_ + variable("MARTY_SCHEDULES", by_default)) {}

  bool left() const { return now_ < end_; }
  std::uint64_t now() const { return now_; }
  void next() { ++now_; }
  std::string name() const { return "seed " + std::to_string(now_); }

 private:
  static std::uint64_t variable(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::stoull(text) : otherwise;
  }

  std::uint64_t now_, end_;
};

}  // namespace marty::runtime::internal
