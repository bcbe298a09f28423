#include "marty/http/internal/characters.hpp"

#include <gtest/gtest.h>

#include <string>

namespace marty::http::internal {
namespace {

// What the scans find with many bytes at a time has to be what a look at each byte finds, wherever it stands.
void expect_end_of(const char* (*scan)(const char*, const char*), CharacterClass wanted) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 40; ++size) {
      for (std::size_t place = 0; place < size; ++place) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(byte);
        const char* const end = text.data() + size;
        const char* const expected = is_in_class(text[place], wanted) ? end : text.data() + place;
        ASSERT_EQ(scan(text.data(), end), expected) << "byte " << byte << " at " << place << " of " << size;
      }
    }
  }
}

TEST(Characters, scans_stop_at_the_first_byte_outside_their_class) {
  expect_end_of(&find_end_of_field, kFieldByte);
  expect_end_of(&find_end_of_target, kTarget);
  expect_end_of(&find_end_of_token, kToken);
}

TEST(Characters, a_field_value_has_no_byte_outside_the_class) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 40; ++size) {
      std::string text(size, 'x');
      text[size / 2] = static_cast<char>(byte);
      ASSERT_EQ(is_field_value(text), is_in_class(static_cast<char>(byte), kFieldByte)) << byte << " of " << size;
    }
  }
}

}  // namespace
}  // namespace marty::http::internal
