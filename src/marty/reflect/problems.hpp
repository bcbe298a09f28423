// Problems: what is wrong with an input, collected instead of thrown at the first find; Path: where a reader stands.
//
//   struct Booking {
//     Timestamp from, until;
//     void check(marty::Problems& problems) const {
//       if (until <= from) problems.add("/until", "must be after from");
//     }
//   };
//
// A struct's check() runs after its fields were found valid one by one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"

namespace marty {

namespace reflect {

// A step into a value, linked to the steps before it. Lives on the stack of whoever walks; a pointer is only written
// when there is a problem to report.
struct Path {
  const Path* parent = nullptr;  // null: this is the root, which has no step
  std::string_view key;          // the member's name ...
  std::size_t index = kNone;     // ... or the element's index

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // JSON Pointer (RFC 6901). A key of more than kMaxKeyBytes is cut and ends in "…".
  std::string pointer() const;
  static constexpr std::size_t kMaxKeyBytes = 100;
};

}  // namespace reflect

// A bounded list of FieldErrors: a small input must not cause a large reply. Not thread-safe.
class Problems {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // of pointers and messages; the one that passes it is kept

  explicit Problems(std::size_t limit = 100) : limit_(limit) {}

  // `pointer` is a JSON Pointer below the object being checked; "" is the object itself. Past the limits, the problem
  // is counted as found and not kept.
  void add(std::string_view pointer, std::string message);
  void add(const reflect::Path& path, std::string message);

  bool empty() const { return found_ == 0; }
  bool full() const { return errors_.size() >= limit_ || bytes_ >= kMaxBytes; }
  std::size_t size() const { return found_; }  // of all that were found
  const std::vector<FieldError>& errors() const { return errors_; }
  std::vector<FieldError> take() { return std::move(errors_); }

  // Pointers given as text count from `path` until the next call. For those who run check().
  void set_base(const reflect::Path& path);

 private:
  void keep(std::string pointer, std::string message);

  std::vector<FieldError> errors_;
  std::string base_;
  std::size_t limit_;
  std::size_t found_ = 0;
  std::size_t bytes_ = 0;  // of errors_
};

}  // namespace marty
