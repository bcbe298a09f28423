#include "marty/http/list_field.hpp"

#include <algorithm>

#include "marty/base/strings.hpp"
#include "marty/http/internal/characters.hpp"
#include "marty/http/message.hpp"

namespace marty::http {

std::string_view take_element(std::string_view& list, char separator, Backslash backslash) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size(); ++end) {
    const char c = list[end];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      if (c == '\\' && backslash == Backslash::escapes) ++end;
    } else if (c == separator) {
      break;
    }
  }
  end = std::min(end, list.size());
  const std::string_view element = internal::trim_blanks(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

ListField ListField::of_lines(std::string_view lines, std::string_view name) noexcept {
  ListField list(nullptr, nullptr, name);
  list.lines_ = lines;
  return list;
}

bool ListField::next_line() noexcept {
  while (header_ != end_) {
    const Header& header = *header_++;
    if (header.name.size() == name_.size() && equals_ignore_case(header.name, name_)) return rest_ = header.value, true;
  }
  while (!lines_.empty()) {
    const Header header = internal::take_line(lines_);
    if (header.name.size() == name_.size() && equals_ignore_case(header.name, name_)) return rest_ = header.value, true;
  }
  return false;
}

std::string_view ListField::next() noexcept {
  do {
    while (!rest_.empty()) {
      const std::string_view element = take_element(rest_, ',', backslash_);
      if (!element.empty()) return element;
    }
  } while (next_line());
  return {};
}

bool ListField::contains(std::string_view element) const noexcept {
  for (const std::string_view each : *this) {
    if (equals_ignore_case(each, element)) return true;
  }
  return false;
}

bool ListField::is_line(std::string_view line) const noexcept {
  if (!rest_.empty() || !lines_.empty()) {
    ListField lines = *this;
    if (rest_.empty() && !lines.next_line()) return false;
    return lines.rest_ == line && !lines.next_line();
  }
  const Header* found = nullptr;
  for (const Header* header = header_; header != end_; ++header) {
    if (header->name.size() != name_.size() || !equals_ignore_case(header->name, name_)) continue;
    if (found != nullptr || header->value != line) return false;
    found = header;
  }
  return found != nullptr;
}

bool ListField::empty() const noexcept { return begin() == end(); }

}  // namespace marty::http
