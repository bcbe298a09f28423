// Writing a head: text after text, most of them 8 to 64 bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace marty::http::internal {

// Copies `text` to `at` and gives the end. Short ones take a few moves in pieces of at most 16 bytes instead of a call:
// heads are read back at once, and a load that spans two stores still in flight waits for both.
[[gnu::always_inline]] inline char* put(char* at, std::string_view text) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  char* const end = at + size;
  if (size > 64) {
    std::memcpy(at, from, size);
  } else if (size >= 16) {
    for (std::size_t done = 0; done + 16 < size; done += 16) std::memcpy(at + done, from + done, 16);
    std::memcpy(end - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(at, from, 8);
    std::memcpy(end - 8, from + size - 8, 8);
  } else {
    for (std::size_t done = 0; done < size; ++done) at[done] = from[done];
  }
  return end;
}

}  // namespace marty::http::internal
