#include "mutator.hpp"

#include <set>

namespace marty::fuzz {
namespace {

TEST(Mutator, gives_the_same_sequence_for_the_same_seed_and_another_for_another) {
  Mutator one(7, {"a valid input"});
  Mutator same(7, {"a valid input"});
  Mutator other(8, {"a valid input"});
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const std::string& input = one.next();
    ASSERT_EQ(input, same.next());
    differs |= input != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Mutator, reaches_many_different_inputs_near_the_corpus) {
  Mutator mutator(1, {"{\"name\": \"Rex\"}", "{\"age\": 3}"});
  std::set<std::string> seen;
  std::size_t starts_valid = 0;
  for (int i = 0; i < 2000; ++i) {
    seen.insert(mutator.next());
    starts_valid += seen.contains("") || mutator.next().starts_with("{\"");
  }
  EXPECT_GT(seen.size(), 1500u);
  EXPECT_GT(starts_valid, 200u);
}

TEST(Mutator, grows_an_empty_input_and_stays_within_its_limit) {
  Mutator mutator(3, {""});
  std::size_t longest = 0;
  for (int i = 0; i < 5000; ++i) longest = std::max(longest, mutator.next().size());
  EXPECT_GT(longest, 1000u);
  EXPECT_LE(longest, 64u * 1024);
}

}  // namespace
}  // namespace marty::fuzz
