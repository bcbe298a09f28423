// Published: one immutable value that all loops read and somebody replaces now and then – configuration, routes, a list
// of servers. Reading is a load: no lock, no count. Replacing is one store of a pointer; the old value goes once nobody
// can still look at it (read-copy-update: Linux's Documentation/RCU).
//
//   Published<Prices> prices(std::make_unique<Prices>(...));
//   prices.current().of(id);                  // on a loop, up to the next wait of this fiber
//   const Pin pin = prices.pin();             // for longer: the same value until the pin is gone
//   prices.value(pin).of(id);
//   prices.publish(std::make_unique<Prices>(...));
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "marty/runtime/sync.hpp"

namespace marty::runtime {

namespace internal {

class Publication;

// One value of a Published, with what holds it.
class Version {
 public:
  virtual ~Version() = default;
  std::uint64_t number() const noexcept { return number_; }  // 1, 2, 3 ... in order of publication
  const Publication& publication() const noexcept { return *publication_; }

 protected:
  Version() = default;

 private:
  friend class Publication;
  // A line each, so that loops do not take it from each other.
  struct alignas(64) Count {
    std::atomic<std::uint64_t> pins{0};
  };
  bool pinned() const noexcept;

  std::uint64_t number_ = 0;
  Publication* publication_ = nullptr;
  std::vector<Count> counts_;  // a loop each
};

// The part of Published that knows no type.
class Publication {
 public:
  explicit Publication(std::unique_ptr<Version> first);
  ~Publication();  // REQUIRES that nothing is pinned
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  const Version& current() const noexcept { return *current_.load(std::memory_order_acquire); }
  void publish(std::unique_ptr<Version> next);
  // Counted where it was first pinned, as are the copies of that pin: a count that is 0 in a retired version stays so.
  static std::size_t pin(const Version& version) noexcept;  // returns the count
  static void pin_again(const Version& version, std::size_t count) noexcept;
  static void unpin(const Version& version, std::size_t count) noexcept;
  std::size_t retired() const noexcept { return retired_count_.load(); }

 private:
  void prepare(Version& version, std::uint64_t number);
  void reclaim() noexcept;
  std::unique_ptr<Version> take_unpinned() noexcept;

  std::atomic<Version*> current_;
  std::atomic<std::size_t> retired_count_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Version>> retired_;  // guarded by mutex_: past their grace period, perhaps pinned
  Mutex publishing_;
};

}  // namespace internal

// Holds one value of a Published. A plain value of its own: copied and moved, by any thread.
class Pin {
 public:
  Pin() noexcept = default;
  explicit Pin(const internal::Version& version) noexcept
      : version_(&version), count_(internal::Publication::pin(version)) {}
  Pin(const Pin& other) noexcept : version_(other.version_), count_(other.count_) {
    if (version_ != nullptr) internal::Publication::pin_again(*version_, count_);
  }
  Pin(Pin&& other) noexcept : version_(std::exchange(other.version_, nullptr)), count_(other.count_) {}
  Pin& operator=(Pin other) noexcept {
    std::swap(version_, other.version_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Pin() {
    if (version_ != nullptr) internal::Publication::unpin(*version_, count_);
  }
  const internal::Version* version() const noexcept { return version_; }  // null: holds nothing
  std::uint64_t number() const noexcept { return version_ ? version_->number() : 0; }

 private:
  const internal::Version* version_ = nullptr;
  std::size_t count_ = 0;
};

template <class T>
class Published {
 public:
  explicit Published(std::unique_ptr<const T> first) : publication_(std::make_unique<Holder>(std::move(first))) {}

  // What is published now. REQUIRES a loop's thread; until the fiber next waits.
  const T& current() const noexcept { return value(publication_.current()); }
  std::uint64_t number() const noexcept { return publication_.current().number(); }
  Pin pin() const noexcept { return Pin(publication_.current()); }  // REQUIRES a loop's thread

  // The pinned value where the pin is of this Published, else what is current.
  const T& value(const Pin& pin) const noexcept {
    const internal::Version* const version = pin.version();
    const bool ours = version != nullptr && &version->publication() == &publication_;
    return ours ? value(*version) : current();
  }

  // On a fiber. All see `next` from when it is stored; returns once no loop is in the middle of an unpinned look at the
  // one before. Values that nobody pins are destroyed here, the others with their last pin.
  void publish(std::unique_ptr<const T> next) { publication_.publish(std::make_unique<Holder>(std::move(next))); }

  std::size_t retired() const noexcept { return publication_.retired(); }  // values that are only pinned

 private:
  struct Holder final : internal::Version {
    explicit Holder(std::unique_ptr<const T> held) : object(std::move(held)) {}
    const std::unique_ptr<const T> object;
  };
  static const T& value(const internal::Version& version) noexcept {
    return *static_cast<const Holder&>(version).object;
  }

  internal::Publication publication_;
};

}  // namespace marty::runtime
