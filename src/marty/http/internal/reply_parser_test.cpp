#include "marty/http/internal/reply_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace marty::http::internal {
namespace {

constexpr std::string_view kReply =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-Empty:\r\nConnection: keep-alive\r\nContent-Length: "
    "3\r\n\r\nabc";

// Feeds `bytes` in pieces, as they arrive in one buffer.
Progress feed(ReplyParser& parser, std::string_view bytes, std::size_t piece) {
  for (std::size_t size = std::min(piece, bytes.size());; size = std::min(size + piece, bytes.size())) {
    const Progress progress = parser.parse(bytes.substr(0, size));
    if (progress != Progress::incomplete || size == bytes.size()) return progress;
  }
}

TEST(ReplyParser, splits_the_head_into_views_however_it_arrives) {
  for (std::size_t piece = 1; piece <= kReply.size(); ++piece) {
    ReplyParser parser;
    ASSERT_EQ(feed(parser, kReply, piece), Progress::complete) << parser.fault();
    const ReceivedHead& head = parser.head();
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.content_length, 3u);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_EQ(head.size, kReply.size() - 3);
    ASSERT_EQ(head.headers.size(), 4u);
    EXPECT_EQ(head.headers[0].value, "text/plain");
    EXPECT_EQ(head.headers[1].value, "");
  }
}

TEST(ReplyParser, derives_keep_alive_from_version_and_connection) {
  const auto keeps_alive = [](std::string_view version, std::string_view headers) {
    ReplyParser parser;
    EXPECT_EQ(parser.parse("HTTP/" + std::string(version) + " 200 OK\r\n" + std::string(headers) + "\r\n"),
              Progress::complete);
    return parser.head().keep_alive;
  };
  EXPECT_TRUE(keeps_alive("1.1", ""));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", ""));
  EXPECT_TRUE(keeps_alive("1.0", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n")) << "RFC 9112, 6.1";
}

TEST(ReplyParser, bounds_the_head) {
  ReplyParser endless;
  EXPECT_EQ(feed(endless, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 4096), Progress::failed);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= ReplyParser::kMaxHeaders; ++i) many += "a: b\r\n";
  ReplyParser crowded;
  EXPECT_EQ(crowded.parse(many), Progress::failed);
}

TEST(ReplyParser, judges_ten_thousand_mutated_replies_alike_however_they_are_cut) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 10'000; ++round) {
    std::string bytes(kReply);
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[at] = static_cast<char>(random());
      } else {
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 8));
      }
    }
    ReplyParser whole, pieces;
    const Progress verdict = whole.parse(bytes);
    const Progress in_pieces = feed(pieces, bytes, 1 + random() % 9);
    if (in_pieces == Progress::incomplete && verdict == Progress::failed) continue;  // its line has not ended yet
    ASSERT_EQ(in_pieces, verdict) << testing::PrintToString(bytes);
    if (verdict != Progress::complete) continue;
    EXPECT_EQ(pieces.head().size, whole.head().size);
    EXPECT_EQ(pieces.head().status, whole.head().status);
  }
}

}  // namespace
}  // namespace marty::http::internal
