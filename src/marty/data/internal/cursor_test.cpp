#include "marty/data/internal/cursor.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace marty::data::internal {
namespace {

const std::vector<OwnedValue> kRow = {Null{}, std::int64_t{-1}, -0.5, std::string("a\0'", 3),
                                      std::vector<std::byte>(3)};

TEST(Cursor, holds_values_of_every_kind) {
  const std::string cursor = encode_cursor(42, kRow);
  EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_EQ(decode_cursor(cursor, 42, kRow.size()), kRow);
}

TEST(Cursor, belongs_to_one_list) {
  const std::string cursor = encode_cursor(42, kRow);
  EXPECT_FALSE(decode_cursor(cursor, 43, kRow.size()));
  EXPECT_FALSE(decode_cursor(cursor, 42, kRow.size() - 1));
  EXPECT_FALSE(decode_cursor(cursor, 42, kRow.size() + 1));
}

TEST(Cursor, refuses_every_change_of_one_bit) {
  const std::string cursor = encode_cursor(42, kRow);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = cursor;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      EXPECT_FALSE(decode_cursor(changed, 42, kRow.size())) << i << " " << bit;
    }
  }
}

TEST(Cursor, refuses_texts_that_are_none) {
  EXPECT_FALSE(decode_cursor("", 1, 1));
  EXPECT_FALSE(decode_cursor("A", 1, 1));
  EXPECT_FALSE(decode_cursor("====", 1, 1));
  EXPECT_FALSE(decode_cursor(std::string(100'000, 'A'), 1, 1));
}

// With a right checksum, so that the reader behind it is reached too.
TEST(Cursor, refuses_or_reads_any_content_without_reading_beyond_it) {
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<OwnedValue> row(random() % 4, std::string(random() % 5, 'x'));
    if (random() % 2) row.emplace_back(static_cast<std::int64_t>(random()));
    const std::string cursor = encode_cursor(random() % 2, row);
    const auto decoded = decode_cursor(cursor, 1, random() % 5);
    if (!decoded) continue;
    ++read;
    EXPECT_EQ(*decoded, row);
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace marty::data::internal
