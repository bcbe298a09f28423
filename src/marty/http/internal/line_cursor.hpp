// Where a parser stands in a head that arrives in pieces: a line is looked through for its end once, and parsed once.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace marty::http::internal {

struct LineCursor {
  std::size_t begin = 0;     // of the line that comes next
  std::size_t searched = 0;  // no end of that line before here; 0: not looked for

  // Whether what has arrived since the last call still holds no end of the line.
  bool is_unfinished(std::string_view bytes) noexcept {
    if (searched == 0) return false;
    if (std::memchr(bytes.data() + searched, '\n', bytes.size() - searched) != nullptr) return false;
    searched = bytes.size();
    return true;
  }
  void move_to(std::size_t next) noexcept {
    begin = next;
    searched = 0;
  }
};

}  // namespace marty::http::internal
