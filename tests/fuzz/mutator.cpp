#include "mutator.hpp"

#include <marty/base/check.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace marty::fuzz {
namespace {

constexpr std::size_t kMaxInput = 64 * 1024;

// Bytes at which parsers change their mind.
constexpr char kEdges[] = {'\0', '\r', '\n', '\t', ' ', '"', '\\', '/', ':', ';', ',',    '{',
                           '}',  '[',  ']',  '%',  '0', '9', '-',  'e', '.', '=', '\x7f', '\xff'};

}  // namespace

Mutator::Mutator(std::uint64_t seed, std::vector<std::string> corpus) : state_(seed), corpus_(std::move(corpus)) {
  MARTY_CHECK(!corpus_.empty());
}

const std::string& Mutator::next() {
  using Change = void (Mutator::*)();
  static constexpr Change kChanges[] = {&Mutator::flip_bit,    &Mutator::replace_byte, &Mutator::insert_bytes,
                                        &Mutator::erase_range, &Mutator::repeat_range, &Mutator::truncate,
                                        &Mutator::splice};
  input_ = pick();
  for (std::size_t changes = 1 + below(8); changes > 0; --changes) {
    (this->*kChanges[below(std::size(kChanges))])();
  }
  if (input_.size() > kMaxInput) input_.resize(kMaxInput);
  return input_;
}

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
std::uint64_t Mutator::random() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::size_t Mutator::below(std::size_t limit) { return random() % limit; }

const std::string& Mutator::pick() { return corpus_[below(corpus_.size())]; }

void Mutator::flip_bit() {
  if (!input_.empty()) input_[below(input_.size())] ^= static_cast<char>(1 << below(8));
}

void Mutator::replace_byte() {
  if (!input_.empty()) input_[below(input_.size())] = kEdges[below(std::size(kEdges))];
}

void Mutator::insert_bytes() {
  const std::size_t place = below(input_.size() + 1);
  const bool edge = random() % 2 == 0;
  const char byte = edge ? kEdges[below(std::size(kEdges))] : static_cast<char>(random());
  const std::size_t count = below(16) == 0 ? below(4096) : 1 + below(3);  // now and then, enough to pass a limit
  input_.insert(place, count, byte);
}

void Mutator::erase_range() {
  if (input_.empty()) return;
  const std::size_t place = below(input_.size());
  input_.erase(place, 1 + below(std::min<std::size_t>(input_.size() - place, 16)));
}

void Mutator::repeat_range() {
  if (input_.empty()) return;
  const std::size_t place = below(input_.size());
  const std::string range = input_.substr(place, 1 + below(64));
  for (std::size_t times = 1 + below(4); times > 0; --times) input_.insert(place, range);
}

void Mutator::truncate() { input_.resize(below(input_.size() + 1)); }

// The beginning of this input and the end of another.
void Mutator::splice() {
  const std::string& other = pick();
  input_.resize(below(input_.size() + 1));
  input_.append(other, below(other.size() + 1));
}

}  // namespace marty::fuzz
