// Mutator: small seeded changes to valid inputs, for running fuzz targets without libFuzzer.
//
// The same seed and the same inputs give the same sequence, so a failure found once is found again.
//
//   Mutator mutator(seed, {"GET / HTTP/1.1\r\n\r\n"});
//   LLVMFuzzerTestOneInput(mutator.next());
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace marty::fuzz {

class Mutator {
 public:
  // `corpus` must not be empty.
  Mutator(std::uint64_t seed, std::vector<std::string> corpus);

  // One of the inputs with one to eight changes. Valid until the next call.
  const std::string& next();

 private:
  std::uint64_t random();
  std::size_t below(std::size_t limit);
  const std::string& pick();

  void flip_bit();
  void replace_byte();
  void insert_bytes();
  void erase_range();
  void repeat_range();
  void truncate();
  void splice();

  std::uint64_t state_;
  std::vector<std::string> corpus_;
  std::string input_;
};

}  // namespace marty::fuzz
