// ListField: a header field that is a comma-separated list, over all its lines (RFC 9110 sections 5.3 and 5.6.1).
//
//   for (const std::string_view range : request.headers.list("accept")) weigh(range);       // "text/html;q=0.5"
//   if (response.list("cache-control").contains("no-transform")) return;
//
// Elements come without the blanks around them and empty ones not at all; a comma in a quoted string separates nothing.
// Whoever reads a field whose grammar is a list reads it here: its first line is not the field. A view: what it was
// made of outlives it. Nothing allocates or throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace marty::http {

struct Header;

// What a backslash in quotes is: the escape of a quoted-string (section 5.6.4), or itself, as in an entity tag (section
// 8.8.3).
enum class Backslash : std::uint8_t { escapes, literal };

// Takes the next element off a list: without the blanks around it; separators in quotes do not count.
std::string_view take_element(std::string_view& list, char separator = ',',
                              Backslash backslash = Backslash::escapes) noexcept;

// See above.
class ListField {
 public:
  ListField(const Header* begin, const Header* end, std::string_view name) noexcept
      : name_(name), header_(begin), end_(end) {}
  explicit ListField(std::string_view line) noexcept : rest_(line) {}
  // Of a head as it is written: "name: value\r\n" each.
  static ListField of_lines(std::string_view lines, std::string_view name) noexcept;

  // The same list whose quotes hold backslashes.
  ListField with(Backslash backslash) const noexcept {
    ListField list = *this;
    list.backslash_ = backslash;
    return list;
  }

  std::string_view next() noexcept;  // the next element; empty: there is none left

  class Iterator;
  Iterator begin() const noexcept;
  std::default_sentinel_t end() const noexcept { return {}; }

  bool contains(std::string_view element) const noexcept;  // in whatever case
  bool empty() const noexcept;                             // it has no element
  bool is_line(std::string_view line) const noexcept;      // there is one line, which reads so

 private:
  bool next_line() noexcept;

  std::string_view rest_;  // of the line that is being read
  std::string_view name_;
  const Header* header_ = nullptr;  // the lines to come: headers, or a head as it is written
  const Header* end_ = nullptr;
  std::string_view lines_;
  Backslash backslash_ = Backslash::escapes;
};

class ListField::Iterator {
 public:
  using value_type = std::string_view;
  using difference_type = std::ptrdiff_t;
  explicit Iterator(const ListField& list) noexcept : list_(list) { ++*this; }
  std::string_view operator*() const noexcept { return element_; }
  Iterator& operator++() noexcept { return element_ = list_.next(), *this; }
  void operator++(int) noexcept { ++*this; }
  bool operator==(std::default_sentinel_t) const noexcept { return element_.empty(); }

 private:
  ListField list_;
  std::string_view element_;
};

inline ListField::Iterator ListField::begin() const noexcept { return Iterator(*this); }

}  // namespace marty::http
