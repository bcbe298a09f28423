#include "marty/base/strings.hpp"

#include <array>

namespace marty {
namespace {

constexpr std::array<std::string_view, 4> kKeys = {"host", "port", "pool_size", "timeout_seconds"};

TEST(Strings, a_misspelt_name_finds_the_nearest_candidate) {
  EXPECT_EQ(nearest("prot", kKeys), "port");  // two neighbours swapped
  EXPECT_EQ(nearest("hosts", kKeys), "host");
  EXPECT_EQ(nearest("poolsize", kKeys), "pool_size");
  EXPECT_EQ(nearest("TIMEOUT_SECOND", kKeys), "timeout_seconds");
}

TEST(Strings, a_name_that_is_near_to_nothing_finds_nothing) {
  EXPECT_EQ(nearest("colour", kKeys), std::nullopt);
  EXPECT_EQ(nearest("", kKeys), std::nullopt);
  EXPECT_EQ(nearest("host", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'x'), kKeys), std::nullopt);
}

TEST(Strings, case_of_ascii_letters_is_ignored_and_of_nothing_else) {
  EXPECT_TRUE(equals_ignore_case("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equals_ignore_case("Content-Type", "content-typ"));
  EXPECT_FALSE(equals_ignore_case("[", "{"));
  EXPECT_FALSE(equals_ignore_case("\xC3\x84", "\xC3\xA4"));
}

TEST(Strings, ignoring_case_makes_letters_alike_and_no_other_bytes_wherever_they_stand) {
  const auto letter = [](int c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  for (const std::size_t size : {1, 7, 8, 9, 17}) {
    for (int a = 0; a < 256; ++a) {
      for (int b = 0; b < 256; ++b) {
        std::string left(size, 'x'), right(size, 'X');
        left[size / 2] = static_cast<char>(a);
        right[size / 2] = static_cast<char>(b);
        ASSERT_EQ(equals_ignore_case(left, right), a == b || (letter(a) && (a ^ b) == 0x20)) << size << " " << a << b;
      }
    }
  }
}

TEST(Strings, a_token_in_any_case_is_its_lower_case_name_and_no_other) {
  EXPECT_TRUE(token_is("Host", "host"));
  EXPECT_TRUE(token_is("EXPECT", "expect"));
  EXPECT_TRUE(token_is("Content-Length", "content-length"));
  EXPECT_TRUE(token_is("transfer-Encoding", "transfer-encoding"));
  EXPECT_FALSE(token_is("Hosts", "host"));
  EXPECT_FALSE(token_is("Content-Lengti", "content-length"));
  EXPECT_FALSE(token_is("dontent-Length", "content-length"));
  EXPECT_FALSE(token_is("Content-Tength", "content-length"));
}

TEST(Strings, well_formed_utf8_is_told_from_the_rest) {
  for (const std::string_view text :
       {"", "ascii only, longer than eight", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "k\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xBE"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xEF\xBF", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "12345678\xC3", "\xC3(", "\xE2\x82("}) {
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(std::string(text));
  }
}

TEST(Strings, code_points_are_counted_not_bytes) {
  EXPECT_EQ(count_code_points("k\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xBE"), 7u);
  EXPECT_EQ(utf8_length("\xE2\x82\xAC!"), 3u);
  EXPECT_EQ(utf8_length("\xE2\x82"), 0u);
  EXPECT_EQ(utf8_length(""), 0u);
}

TEST(Strings, a_prefix_does_not_cut_a_code_point_in_two) {
  EXPECT_EQ(utf8_prefix("k\xC3\xBC\xE2\x82\xAC", 9), "k\xC3\xBC\xE2\x82\xAC");
  EXPECT_EQ(utf8_prefix("k\xC3\xBC\xE2\x82\xAC", 5), "k\xC3\xBC");
  EXPECT_EQ(utf8_prefix("k\xC3\xBC\xE2\x82\xAC", 3), "k\xC3\xBC");
  EXPECT_EQ(utf8_prefix("k\xC3\xBC", 2), "k");
  EXPECT_EQ(utf8_prefix("\xC3\xBC", 1), "");
}

TEST(Strings, replaces_what_is_not_utf8) {
  EXPECT_EQ(valid_utf8("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(valid_utf8("a\xFF\xC3z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST(ValidUtf8, of_a_buffer_is_as_much_as_it_holds_of_whole_characters) {
  char buffer[8];
  EXPECT_EQ(valid_utf8("plain", buffer), "plain");
  EXPECT_EQ(valid_utf8("a\xFFz", buffer), "a\xEF\xBF\xBDz");
  EXPECT_EQ(valid_utf8("seven..\xC3\xA4", buffer), "seven..");
  EXPECT_EQ(valid_utf8("sixsix\xC3\xA4", buffer), "sixsix\xC3\xA4");
  EXPECT_EQ(valid_utf8("", buffer), "");
}

}  // namespace
}  // namespace marty
