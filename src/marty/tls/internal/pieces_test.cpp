#include "marty/tls/internal/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marty::tls::internal {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces_of(const std::vector<std::string_view>& parts, std::size_t skip = 0) {
  std::vector<std::string> result;
  Pieces pieces(parts, skip);
  while (pieces.left() != 0) result.emplace_back(pieces.next());
  EXPECT_EQ(pieces.next(), "");
  return result;
}

TEST(Pieces, join_small_parts) {
  EXPECT_THAT(pieces_of({"a", "", "bc", "d"}), ElementsAre("abcd"));
  EXPECT_THAT(pieces_of({"a"}), ElementsAre("a"));
  EXPECT_THAT(pieces_of({}), ElementsAre());
  EXPECT_THAT(pieces_of({"", ""}), ElementsAre());
}

TEST(Pieces, begin_anywhere) {
  EXPECT_THAT(pieces_of({"ab", "cd", "ef"}, 1), ElementsAre("bcdef"));
  EXPECT_THAT(pieces_of({"ab", "cd", "ef"}, 2), ElementsAre("cdef"));
  EXPECT_THAT(pieces_of({"ab", "cd", "ef"}, 5), ElementsAre("f"));
  EXPECT_THAT(pieces_of({"ab", "cd", "ef"}, 6), ElementsAre());
}

TEST(Pieces, are_full_records_but_the_last) {
  const std::string large(2 * kRecordBytes + 10, 'x');
  const std::string full(kRecordBytes, 'x');
  EXPECT_THAT(pieces_of({large}), ElementsAre(full, full, std::string(10, 'x')));
  EXPECT_THAT(pieces_of({"head", large, "t"}), ElementsAre("head" + full.substr(4), full, std::string(14, 'x') + "t"));
  EXPECT_THAT(pieces_of({full, "tail"}), ElementsAre(full, "tail"));
}

TEST(Pieces, take_large_parts_from_where_they_stand) {
  const std::string large(2 * kRecordBytes, 'x');
  const std::vector<std::string_view> parts{large, "tail"};
  Pieces pieces(parts, 0);
  EXPECT_EQ(pieces.next().data(), large.data());
  EXPECT_EQ(pieces.next().data(), large.data() + kRecordBytes);
}

}  // namespace
}  // namespace marty::tls::internal
