#include "embedded/sample_files.hpp"

#include <zlib.h>

#include <fstream>
#include <iterator>

namespace marty::test {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(FILES_FOLDER "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string unpack(const EmbeddedFile& file) {
  std::string text(file.size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.content.data()));
  stream.avail_in = static_cast<uInt>(file.content.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);  // 16: gzip framing
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_out, 0u);
  inflateEnd(&stream);
  return text;
}

TEST(Embed, keeps_the_files_in_order_under_the_names_given) {
  ASSERT_EQ(sample_files().size(), 2u);
  EXPECT_EQ(sample_files()[0].name, "repeated.txt");
  EXPECT_EQ(sample_files()[1].name, "other.txt");
}

TEST(Embed, packs_what_gzip_shrinks_and_unpacks_to_the_same_bytes) {
  const EmbeddedFile& file = sample_files()[0];
  EXPECT_EQ(file.encoding, "gzip");
  EXPECT_LT(file.content.size(), file.size / 5);
  EXPECT_EQ(unpack(file), read_file("repeated.txt"));
}

TEST(Embed, keeps_as_it_is_what_gzip_would_enlarge) {
  const EmbeddedFile& file = sample_files()[1];
  EXPECT_EQ(file.encoding, "");
  EXPECT_EQ(file.content, read_file("short.txt"));
  EXPECT_EQ(file.size, file.content.size());
}

TEST(Embed, gives_each_content_its_own_quoted_etag) {
  for (const EmbeddedFile& file : sample_files()) {
    ASSERT_EQ(file.etag.size(), 34u);
    EXPECT_EQ(file.etag.front(), '"');
    EXPECT_EQ(file.etag.back(), '"');
  }
  EXPECT_NE(sample_files()[0].etag, sample_files()[1].etag);
}

}  // namespace
}  // namespace marty::test
