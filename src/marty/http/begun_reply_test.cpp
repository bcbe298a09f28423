// Replies over HTTP/1.1 that a handler writes piece by piece, to clients that are slow.
#include <gtest/gtest.h>

#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http {
namespace {

using internal::RawClient;
using internal::TestServer;
using namespace std::chrono_literals;

class BegunReplyTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, BegunReplyTest, internal::kBothWorlds, internal::world_name);

constexpr std::string_view kEnd = "\r\n0\r\n\r\n";

// What a body in chunks holds; what is wrong with it stands at the end.
std::string content_of(std::string_view body) {
  std::string content;
  for (;;) {
    const std::size_t line = body.find("\r\n");
    if (line == std::string_view::npos) return content + "(cut)";
    const std::size_t size = std::stoul(std::string(body.substr(0, line)), nullptr, 16);
    body.remove_prefix(line + 2);
    if (size == 0) return content;
    if (body.size() < size + 2 || body.substr(size, 2) != "\r\n") return content + "(not a chunk)";
    content += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
}

// Letters that change every `size` bytes, so that a piece that is missing or comes twice shows.
std::string pattern(std::size_t size, std::size_t total) {
  std::string text(total, '\0');
  for (std::size_t i = 0; i < total; ++i) text[i] = static_cast<char>('a' + i / size % 26);
  return text;
}

TEST_P(BegunReplyTest, comes_whole_to_a_client_that_is_slow) {
  run([] {
    constexpr std::size_t kPiece = 10 * 1024, kPieces = 2000;
    const std::string all = pattern(kPiece, kPiece * kPieces);
    TestServer test([&](Request&, Response& response) {
      BodyWriter& writer = response.begin();
      for (std::size_t i = 0; i < kPieces; ++i) writer.write(std::string_view(all).substr(i * kPiece, kPiece));
    });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
    runtime::sleep_for(100ms);  // tidy:allow(sleep): so slow
    EXPECT_TRUE(content_of(client.read_until(kEnd)) == all);
  });
}

TEST_P(BegunReplyTest, may_be_an_echo_to_a_client_that_is_slow) {
  run([] {
    constexpr std::size_t kPiece = 10'007;
    const std::string all = pattern(kPiece, 8 << 20);
    TestServer test(
        [](Request& request, Response& response) {
          BodyWriter& writer = response.begin();
          for (std::string_view piece; !(piece = request.body_source->read_piece()).empty();) {
            writer.write(piece.substr(0, 8000));
            writer.write(piece.substr(std::min<std::size_t>(8000, piece.size())));
          }
        },
        {.body_bytes = 64 << 20});
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(all.size()) + "\r\n\r\n");
    auto sender = runtime::spawn([&] { client.send(all); });
    client.read_until("\r\n\r\n");
    runtime::sleep_for(100ms);  // tidy:allow(sleep): so slow
    EXPECT_TRUE(content_of(client.read_until(kEnd)) == all);
    sender.join();
  });
}

TEST_P(BegunReplyTest, may_be_written_by_one_fiber_while_another_reads_the_request) {
  run([] {
    constexpr std::size_t kPiece = 9'001;
    const std::string all = pattern(kPiece, 4 << 20);
    TestServer test(
        [&](Request& request, Response& response) {
          BodyWriter& writer = response.begin();
          std::size_t taken = 0;
          auto reader = runtime::spawn([&] {
            for (std::string_view piece; !(piece = request.body_source->read_piece()).empty();) taken += piece.size();
          });
          for (std::size_t at = 0; at < all.size(); at += kPiece) {
            writer.write(std::string_view(all).substr(at, kPiece));
            if (at % 7 == 0) runtime::yield();
          }
          reader.join();
          writer.write(std::to_string(taken));
        },
        {.body_bytes = 64 << 20});
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
    auto sender = runtime::spawn([&] {
      for (int i = 0; i < 200; ++i) client.send(std::string(10'000, 'x'));
    });
    client.read_until("\r\n\r\n");
    runtime::sleep_for(100ms);  // tidy:allow(sleep): so slow
    EXPECT_TRUE(content_of(client.read_until(kEnd)) == all + "2000000");
    sender.join();
  });
}

TEST_P(BegunReplyTest, an_interim_reply_comes_before_it) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      BodyWriter& writer = response.begin();
      writer.write("hello ");
      writer.write(request.body());
    });
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(content_of(client.read_until(kEnd)), "hello body");
  });
}

TEST_P(BegunReplyTest, its_head_goes_out_when_the_handler_waits) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      BodyWriter& writer = response.begin();
      writer.write(request.body());
    });
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    client.send("body");
    EXPECT_EQ(content_of(client.read_until(kEnd)), "body");
  });
}

}  // namespace
}  // namespace marty::http
