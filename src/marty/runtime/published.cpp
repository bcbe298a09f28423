#include "marty/runtime/published.hpp"

#include <algorithm>

#include "marty/base/check.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime::internal {
namespace {

// A loop that has run a message was, then, in no fiber: what it looked at before, it has let go of.
void wait_for_all_loops() {
  for (Loop* const loop : World::current().loops()) {
    if (loop == &Loop::current()) continue;
    Event passed;
    loop->post([&passed] { passed.set(); });
    passed.wait("waiting for the other loops");
  }
}

}  // namespace

bool Version::pinned() const noexcept {
  return std::ranges::any_of(counts_, [](const Count& count) { return count.pins.load() != 0; });
}

void Publication::prepare(Version& version, std::uint64_t number) {
  version.number_ = number;
  version.publication_ = this;
  version.counts_ = std::vector<Version::Count>(World::current().loops().size());
}

Publication::Publication(std::unique_ptr<Version> first) {
  prepare(*first, 1);
  current_ = first.release();
}

Publication::~Publication() {
  const std::unique_ptr<Version> last(current_.load());
  MARTY_CHECK(!last->pinned());
  MARTY_CHECK(retired_count_ == 0);
}

void Publication::publish(std::unique_ptr<Version> next) {
  const std::lock_guard one_at_a_time(publishing_);
  const ShieldScope shield;  // what is published stays so, and the old one has to go
  prepare(*next, current_.load()->number() + 1);
  {
    const std::lock_guard lock(mutex_);
    retired_.reserve(retired_.size() + 1);  // once the next one is there, nothing may fail
  }
  std::unique_ptr<Version> before(current_.exchange(next.release()));
  try {
    wait_for_all_loops();
  } catch (...) {  // no memory to ask them: one of them may look at it for ever
    static_cast<void>(before.release());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    retired_.push_back(std::move(before));
    ++retired_count_;
  }
  reclaim();
}

std::size_t Publication::pin(const Version& version) noexcept {
  const std::size_t count = Loop::current().index();
  pin_again(version, count);
  return count;
}

void Publication::pin_again(const Version& version, std::size_t count) noexcept {
  ++const_cast<Version&>(version).counts_[count].pins;
}

// After its last unpinning a version may be gone at any time. Either publish() saw that it was the last, or it has
// counted the version among the retired ones before, and so is seen here: both are sequentially consistent.
void Publication::unpin(const Version& version, std::size_t count) noexcept {
  Publication& publication = *version.publication_;
  --const_cast<Version&>(version).counts_[count].pins;
  if (publication.retired_count_.load() != 0) publication.reclaim();
}

void Publication::reclaim() noexcept {
  while (const std::unique_ptr<Version> done = take_unpinned()) {  // destroyed without the lock: it may be anything
  }
}

// A version that is retired and not pinned cannot be pinned again. Null: there is none.
std::unique_ptr<Version> Publication::take_unpinned() noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(retired_, [](const auto& version) { return !version->pinned(); });
  if (found == retired_.end()) return nullptr;
  std::swap(*found, retired_.back());
  std::unique_ptr<Version> done = std::move(retired_.back());
  retired_.pop_back();
  --retired_count_;
  return done;
}

}  // namespace marty::runtime::internal
