// How a TlsSocket ends: what the peer sees, and what it makes of the peer's end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_sockets.hpp"
#include "marty/tls/internal/tls_socket.hpp"

namespace marty::tls::internal {
namespace {

using testing::HasSubstr;

class TlsSocketEndTest : public WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, TlsSocketEndTest, kBothWorlds, world_name);

std::string read_all(TlsSocket& socket) {
  std::string text;
  char buffer[16 * 1024];
  while (const std::size_t size = socket.read_some(buffer)) text.append(buffer, size);
  return text;
}

TEST_P(TlsSocketEndTest, half_close_lets_the_other_direction_go_on) {
  run([] {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      ReadyPair pair(version);
      write(*pair.client, "question");
      pair.client->shutdown_write();
      EXPECT_EQ(read_all(*pair.server), "question");
      EXPECT_TRUE(pair.server->closed_by_peer());
      char byte;
      EXPECT_EQ(pair.server->try_read({&byte, 1}), 0u);  // again and again
      write(*pair.server, "answer");
      pair.server.reset();
      EXPECT_EQ(read_all(*pair.client), "answer");
    }
  });
}

TEST_P(TlsSocketEndTest, nothing_is_written_behind_the_end) {
  run([] {
    ReadyPair pair;
    pair.client->shutdown_write();
    pair.client->shutdown_write();
    const Error error = error_of([&] { write(*pair.client, "late"); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("shut down for writing"));
    EXPECT_EQ(read_all(*pair.server), "");
    write(*pair.server, "reading goes on");
    pair.server.reset();
    EXPECT_EQ(read_all(*pair.client), "reading goes on");
  });
}

TEST_P(TlsSocketEndTest, a_stream_that_is_cut_off_is_no_end) {
  run([] {
    TappedPair pair;
    write(*pair.server, "the first half");
    pair.server.reset();
    Relay::settle();
    pair.relay().release(pair.relay().held().size() - 24);  // all but close_notify, with header, type and tag
    char buffer[64];
    EXPECT_EQ(pair.client->read_some(buffer), 14u);
    EXPECT_FALSE(pair.client->closed_by_peer());
    pair.relay().cut();
    for (int i = 0; i < 2; ++i) {
      const Error error = error_of([&] { pair.client->read_some(buffer); });
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_THAT(error.message(), HasSubstr("without the end of TLS (close_notify)"));
      EXPECT_THAT(error.message(), HasSubstr(pair.client->peer_address().to_string()));
    }
    EXPECT_TRUE(pair.client->closed_by_peer());
  });
}

TEST_P(TlsSocketEndTest, a_record_that_was_changed_ends_the_connection) {
  run([] {
    TappedPair pair;
    write(*pair.server, "hello");
    Relay::settle();
    pair.relay().tamper();
    pair.relay().release(pair.relay().held().size());
    char buffer[64];
    const Error error = error_of([&] { pair.client->read_some(buffer); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("decryption failed or bad record mac"));
    EXPECT_EQ(error_of([&] { write(*pair.client, "x"); }).code(), Code::unavailable);
    const Error told = error_of([&] { pair.server->read_some(buffer); });
    EXPECT_THAT(told.message(), HasSubstr("it refuses the connection: bad record mac"));
  });
}

// More than fits between the two: the end has to wait for room, and nobody waits for it.
constexpr std::size_t kBytesUntilFull = 64 << 20;

std::size_t fill(TlsSocket& socket) {
  const std::string block(16 * 1024, 'x');
  std::size_t written = 0;
  for (;;) {
    const std::size_t size = try_write(socket, block);
    written += size;
    if (size < block.size() || written > kBytesUntilFull) return written;
  }
}

TEST_P(TlsSocketEndTest, the_end_follows_when_there_is_room_for_it) {
  run([] {
    for (const bool destroyed : {false, true}) {
      ReadyPair pair;
      const std::string content(100'000, 'x');
      write(*pair.server, content);
      pair.server_limits.write_bytes = 0;  // full from here on, for those who do not wait
      destroyed ? pair.server.reset() : pair.server->shutdown_write();
      EXPECT_EQ(read_all(*pair.client).size(), content.size());
    }
  });
}

TEST_P(TlsSocketEndTest, nothing_is_written_behind_an_end_that_is_still_waiting_for_room) {
  run([] {
    ReadyPair pair;
    const std::size_t written = fill(*pair.server);
    ASSERT_LT(written, kBytesUntilFull);
    pair.server->shutdown_write();
    runtime::yield();  // a fiber is about to send it
    EXPECT_EQ(error_of([&] { write(*pair.server, "late"); }).code(), Code::unavailable);
    EXPECT_EQ(error_of([&] { try_write(*pair.server, "late"); }).code(), Code::unavailable);
    EXPECT_GE(read_all(*pair.client).size(), written);
  });
}

TEST_P(TlsSocketEndTest, a_writer_that_is_waiting_sends_the_end) {
  run([] {
    ReadyPair pair;
    const std::string content(8 << 20, 'x');
    auto writing = runtime::spawn([&] { write(*pair.server, content); });
    for (int i = 0; i < 10; ++i) runtime::yield();
    ASSERT_FALSE(writing.done());
    std::size_t read = 0;
    auto reading = runtime::spawn([&] {
      std::string buffer(64 * 1024, '\0');
      while (const std::size_t size = pair.client->read_some(buffer)) read += size;
    });
    writing.join();
    pair.server->shutdown_write();
    reading.join();
    EXPECT_EQ(read, content.size());
  });
}

TEST_P(TlsSocketEndTest, what_was_half_sent_is_no_orderly_end) {
  run([] {
    ReadyPair pair;
    const std::size_t written = fill(*pair.server);
    ASSERT_LT(written, kBytesUntilFull);
    pair.server.reset();  // the rest of the last record is given up
    std::size_t read = 0;
    const Error error = error_of([&] {
      std::string buffer(64 * 1024, '\0');
      while (const std::size_t size = pair.client->read_some(buffer)) read += size;
    });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_EQ(read, written);
  });
}

}  // namespace
}  // namespace marty::tls::internal
