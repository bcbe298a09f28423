#include "marty/compress/compress.hpp"

#include <gtest/gtest.h>

#include <random>

#include "marty/base/error.hpp"

namespace marty::compress {
namespace {

std::string sample(std::size_t size) {
  std::mt19937 random(5);
  std::string text;
  while (text.size() < size) text += "pet " + std::to_string(random() % 1000) + "; ";
  text.resize(size);
  return text;
}

std::string decompress(Coding coding, std::string_view content, std::size_t max_bytes) {
  return coding == Coding::gzip ? gunzip(content, max_bytes) : unbrotli(content, max_bytes);
}

class CompressTest : public ::testing::TestWithParam<Coding> {};
INSTANTIATE_TEST_SUITE_P(Codings, CompressTest, ::testing::Values(Coding::gzip, Coding::brotli),
                         [](const auto& tested) { return std::string(coding_name(tested.param)); });

TEST_P(CompressTest, gives_back_what_went_in_at_any_size) {
  for (const std::size_t size : {0U, 1U, 100U, 16384U, 300000U}) {
    const std::string text = sample(size);
    const std::string small = compress(GetParam(), text);
    EXPECT_EQ(decompress(GetParam(), small, size), text);
    EXPECT_LE(small.size(), size / 2 + 64);
  }
}

TEST_P(CompressTest, gives_the_same_content_piece_by_piece) {
  const std::string text = sample(100000);
  Compressor compressor(GetParam());
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 777) compressor.write(std::string_view(text).substr(at, 777), out);
  compressor.finish(out);
  EXPECT_EQ(decompress(GetParam(), out, text.size()), text);
}

TEST_P(CompressTest, a_flush_makes_everything_written_readable) {
  Compressor compressor(GetParam());
  std::string out;
  compressor.write("event: tick\n\n", out);
  compressor.flush(out);
  const std::size_t flushed = out.size();
  EXPECT_GT(flushed, 13U / 2);
  compressor.flush(out);
  compressor.write("event: tock\n\n", out);
  compressor.finish(out);
  EXPECT_EQ(decompress(GetParam(), out, 100), "event: tick\n\nevent: tock\n\n");
}

TEST_P(CompressTest, refuses_content_that_is_larger_than_allowed) {
  const std::string small = compress(GetParam(), std::string(1000000, 'a'));
  EXPECT_LT(small.size(), 2000U);
  try {
    decompress(GetParam(), small, 999999);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::out_of_range);
  }
}

TEST_P(CompressTest, refuses_content_that_is_cut_or_changed_or_followed_by_more) {
  const std::string small = compress(GetParam(), sample(1000));
  EXPECT_THROW(decompress(GetParam(), small.substr(0, small.size() - 3), 5000), Error);
  EXPECT_THROW(decompress(GetParam(), small + "x", 5000), Error);
  EXPECT_THROW(decompress(GetParam(), "no such thing at all", 5000), Error);
}

}  // namespace
}  // namespace marty::compress
