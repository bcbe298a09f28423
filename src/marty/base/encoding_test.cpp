#include "marty/base/encoding.hpp"

#include <random>

#include "marty/base/bytes.hpp"

namespace marty {
namespace {

// RFC 4648, section 10.
TEST(Encoding, base64_agrees_with_the_vectors_of_the_rfc) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Encoding, only_strict_base64_is_decoded) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm9v\n",
                                      " Zg==", "Zg==Zg==", "Zm-_", "Z=g=", "Zm9vYg"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Encoding, base64url_has_its_own_alphabet_and_no_padding) {
  EXPECT_EQ(base64url_encode("\xFB\xFF\xFE"), "-__-");
  EXPECT_EQ(base64url_decode("-__-"), "\xFB\xFF\xFE");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  for (const std::string_view text : {"+//+", "Zg==", "Z", "Zh"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Encoding, hex_is_written_in_lower_case_and_read_in_either) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\xFF\x1a", 3)), "00ff1a");
  EXPECT_EQ(hex_decode("00Ff1A"), std::string("\x00\xFF\x1a", 3));
  for (const std::string_view text : {"0", "0g", "0x", " 0", "00 0"}) EXPECT_FALSE(hex_decode(text)) << text;
}

TEST(Encoding, percent_encoding_leaves_only_unreserved_characters) {
  std::string out = "q=";
  append_percent_encoded(out, "a b/\xC3\xA9~");
  EXPECT_EQ(out, "q=a%20b%2F%C3%A9~");
}

TEST(Encoding, random_bytes_read_back_equal) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
  }
}

TEST(Bytes, text_is_base64) {
  Bytes bytes;
  EXPECT_TRUE(Text<Bytes>::parse("Zm9v", bytes));
  EXPECT_EQ(bytes.view(), "foo");
  EXPECT_FALSE(Text<Bytes>::parse("Zm9", bytes));
  EXPECT_EQ(bytes.view(), "foo") << "a refused text changes nothing";
}

}  // namespace
}  // namespace marty
