#include "marty/tls/internal/tls_socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "marty/tls/internal/pieces.hpp"
#include "marty/tls/internal/test_sockets.hpp"

namespace marty::tls::internal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TlsSocketTest : public WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, TlsSocketTest, kBothWorlds, world_name);

std::string numbered(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

std::string read_exactly(TlsSocket& socket, std::size_t bytes, std::size_t piece = 16 * 1024) {
  std::string text(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t size = socket.read_some(std::span(text).subspan(at, std::min(piece, bytes - at)));
    if (size == 0) throw Error(Code::unavailable, "the stream ended after " + std::to_string(at) + " bytes");
    at += size;
  }
  return text;
}

TEST_P(TlsSocketTest, carries_much_both_ways_at_once_in_odd_sizes) {
  run([] {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      ReadyPair pair(version);
      const std::string content = numbered(1'000'001);
      const auto send = [&content](TlsSocket& socket) {
        for (std::size_t at = 0, size = 1; at < content.size(); at += size, size = size * 7 % 200'003 + 1)
          write(socket, std::string_view(content).substr(at, size));
      };
      auto to_server = runtime::spawn([&] { send(*pair.client); });
      auto to_client = runtime::spawn([&] { send(*pair.server); });
      auto at_client = runtime::spawn([&] { return read_exactly(*pair.client, content.size(), 99'991); });
      EXPECT_EQ(read_exactly(*pair.server, content.size(), 1009), content);
      EXPECT_EQ(at_client.join(), content);
      to_server.join();
      to_client.join();
    }
  });
}

TEST_P(TlsSocketTest, works_where_bytes_come_one_by_one) {
  run([] {
    TlsPair pair;
    pair.client_limits.read_bytes = pair.server_limits.read_bytes = 1;
    auto connecting = runtime::spawn([&] { return pair.client->shake_hands(); });
    EXPECT_FALSE(pair.server->shake_hands());
    EXPECT_FALSE(connecting.join());
    write(*pair.client, "ask");
    EXPECT_EQ(read_exactly(*pair.server, 3, 1), "ask");
    write(*pair.server, "answer");
    EXPECT_EQ(read_exactly(*pair.client, 6, 1), "answer");
  });
}

TEST_P(TlsSocketTest, makes_the_writer_wait_while_the_peer_is_slow) {
  run([] {
    ReadyPair pair;
    const std::string block = numbered(256 * 1024);
    constexpr std::size_t kBlocks = 64;
    std::size_t written = 0;
    auto writer = runtime::spawn([&] {
      for (; written < kBlocks; ++written) write(*pair.client, block);
    });
    for (int i = 0; i < 10; ++i) runtime::yield();
    EXPECT_LT(written, kBlocks);  // 16 MiB do not fit between the two
    for (std::size_t i = 0; i < kBlocks; ++i) ASSERT_EQ(read_exactly(*pair.server, block.size()), block);
    writer.join();
  });
}

TEST_P(TlsSocketTest, joins_small_parts_to_one_record_and_sends_several_records_at_once) {
  run([] {
    ReadyPair pair;
    const std::string body = numbered(4 * kRecordBytes);
    const std::vector<std::string_view> small{"head: ", "", "1\r\n", "\r\n", "body"};
    pair.server->write(small);
    EXPECT_EQ(pair.server_limits.count_data_records(), 1u);
    EXPECT_EQ(pair.server_limits.writes, 1u);
    EXPECT_EQ(read_exactly(*pair.client, 15), "head: 1\r\n\r\nbody");

    pair.server_limits = {};
    const std::vector<std::string_view> large{"head", std::string_view(body).substr(4)};
    pair.server->write(large);
    EXPECT_EQ(pair.server_limits.count_data_records(), 4u);
    EXPECT_EQ(pair.server_limits.writes, 1u);
    EXPECT_EQ(read_exactly(*pair.client, body.size()), "head" + body.substr(4));
  });
}

TEST_P(TlsSocketTest, try_read_never_waits_and_reads_a_record_with_one_call) {
  run([] {
    ReadyPair pair;
    char buffer[64];
    EXPECT_EQ(pair.server->try_read(buffer), std::nullopt);
    write(*pair.client, "abc");
    EXPECT_EQ(pair.server->read_some(buffer), 3u);
    pair.server_limits.reads = 0;
    write(*pair.client, "def");
    EXPECT_EQ(pair.server->read_some(buffer), 3u);
    EXPECT_LE(pair.server_limits.reads, 2u);  // one before it waits, one for header and content
    EXPECT_EQ(pair.server->try_read(buffer), std::nullopt);
  });
}

TEST_P(TlsSocketTest, try_write_counts_only_what_the_socket_below_has_taken) {
  run([] {
    ReadyPair pair;
    const std::string content = numbered(5 * kRecordBytes);
    constexpr std::size_t kTwoRecords = 2 * (kRecordBytes + 22);  // header, type and tag
    pair.server_limits.write_bytes = kTwoRecords + 5;
    EXPECT_EQ(try_write(*pair.server, content), 2 * kRecordBytes);
    EXPECT_EQ(pair.server_limits.written.size(), kTwoRecords + 5);
    EXPECT_EQ(try_write(*pair.server, std::string(content, 2 * kRecordBytes)), 0u);  // it is full
    pair.server_limits.write_bytes = ~std::size_t{0};
    const std::string elsewhere(content, 2 * kRecordBytes);
    EXPECT_EQ(try_write(*pair.server, elsewhere), elsewhere.size());
    EXPECT_EQ(read_exactly(*pair.client, content.size()), content);
  });
}

TEST_P(TlsSocketTest, write_goes_on_where_try_write_stopped_also_in_smaller_pieces) {
  run([] {
    ReadyPair pair;
    const std::string content = numbered(4 * kRecordBytes);
    pair.server_limits.write_bytes = 100;
    EXPECT_EQ(try_write(*pair.server, content), 0u);  // four records are on their way, and none is through
    pair.server_limits.write_bytes = ~std::size_t{0};
    constexpr std::size_t kPiece = 1000;  // shorter than what was encrypted already
    for (std::size_t at = 0; at < content.size(); at += kPiece)
      write(*pair.server, std::string_view(content).substr(at, kPiece));
    EXPECT_EQ(pair.server_limits.count_data_records(), 4u);  // and none of it twice
    EXPECT_EQ(read_exactly(*pair.client, content.size()), content);
  });
}

TEST_P(TlsSocketTest, try_write_counts_in_smaller_pieces) {
  run([] {
    ReadyPair pair;
    const std::string content = numbered(2 * kRecordBytes);
    pair.server_limits.write_bytes = 100;
    EXPECT_EQ(try_write(*pair.server, content), 0u);
    pair.server_limits.write_bytes = ~std::size_t{0};
    EXPECT_EQ(try_write(*pair.server, content.substr(0, 10)), 10u);
    EXPECT_EQ(try_write(*pair.server, content.substr(10)), content.size() - 10);
    EXPECT_EQ(read_exactly(*pair.client, content.size()), content);
  });
}

TEST_P(TlsSocketTest, lets_other_fibers_run_though_it_always_has_bytes) {
  run([] {
    ReadyPair pair;
    write(*pair.client, std::string(10'000, 'x'));
    std::size_t read_before_other = 0;
    char byte = 0;
    std::size_t read = pair.server->read_some({&byte, 1});
    auto other = runtime::spawn([&] { read_before_other = read; });
    while (read < 10'000) read += pair.server->read_some({&byte, 1});
    other.join();
    EXPECT_LT(read_before_other, 1000u);
  });
}

TEST_P(TlsSocketTest, read_ends_at_the_deadline_naming_the_peer_and_goes_on_afterwards) {
  run([] {
    ReadyPair pair;
    char buffer[16];
    const Error error = error_of([&] {
      const runtime::DeadlineScope scope(1ms);
      pair.server->read_some(buffer);
    });
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    EXPECT_EQ(error.message(), "the deadline passed while reading from " + pair.server->peer_address().to_string());
    write(*pair.client, "late");
    EXPECT_EQ(pair.server->read_some(buffer), 4u);
  });
}

TEST_P(TlsSocketTest, a_cancelled_reader_and_writer_end) {
  run([] {
    ReadyPair pair;
    char buffer[16];
    auto reader = runtime::spawn([&] { return error_of([&] { pair.server->read_some(buffer); }).code(); });
    auto writer = runtime::spawn([&] {
      const std::string plenty(64 << 20, 'x');
      return error_of([&] { write(*pair.server, plenty); }).code();
    });
    for (int i = 0; i < 100; ++i) runtime::yield();
    reader.cancel();
    writer.cancel();
    EXPECT_EQ(reader.join(), Code::cancelled);
    EXPECT_EQ(writer.join(), Code::cancelled);
  });
}

TEST_P(TlsSocketTest, a_write_that_was_interrupted_lets_no_other_follow) {
  run([] {
    ReadyPair pair;
    const std::string plenty(64 << 20, 'x');
    const Error first = error_of([&] {
      const runtime::DeadlineScope scope(1ms);
      write(*pair.server, plenty);
    });
    EXPECT_EQ(first.code(), Code::deadline_exceeded);
    const Error second = error_of([&] { write(*pair.server, "more"); });
    EXPECT_EQ(second.code(), Code::unavailable);
    EXPECT_THAT(second.message(), HasSubstr("an earlier write failed: deadline_exceeded: the deadline passed while"));
    EXPECT_EQ(error_of([&] { try_write(*pair.server, "more"); }).code(), Code::unavailable);
    write(*pair.client, "but reading goes on");
    EXPECT_EQ(read_exactly(*pair.server, 19), "but reading goes on");
  });
}

TEST_P(TlsSocketTest, new_keys_are_agreed_on_in_the_middle_of_traffic) {
  run([] {
    ReadyPair pair;
    const std::string content = numbered(500'000);
    auto at_server = runtime::spawn([&] { return read_exactly(*pair.server, content.size()); });
    auto at_client = runtime::spawn([&] { return read_exactly(*pair.client, content.size()); });
    auto to_client = runtime::spawn([&] { write(*pair.server, content); });
    for (std::size_t at = 0; at < content.size(); at += 50'000) {
      ASSERT_EQ(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
      write(*pair.client, std::string_view(content).substr(at, 50'000));
    }
    EXPECT_EQ(at_server.join(), content);
    EXPECT_EQ(at_client.join(), content);
    to_client.join();
  });
}

TEST_P(TlsSocketTest, answers_requests_for_new_keys_though_nobody_writes) {
  run([] {
    ReadyPair pair;
    for (int i = 0; i < 2; ++i) {  // OpenSSL answers the first when it sees the second
      ASSERT_EQ(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
      write(*pair.client, "x");
      EXPECT_EQ(read_exactly(*pair.server, 1), "x");
    }
    EXPECT_EQ(pair.server_limits.count_data_records(), 1u);  // sealed like data
    write(*pair.server, "y");
    EXPECT_EQ(read_exactly(*pair.client, 1), "y");
  });
}

TEST_P(TlsSocketTest, lets_other_fibers_run_though_a_peer_sends_no_bytes_without_end) {
  run([] {
    ReadyPair pair;
    for (int i = 0; i < 4000; ++i) {
      ASSERT_EQ(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      ASSERT_EQ(SSL_do_handshake(pair.client->ssl()), 1);  // sends it
    }
    write(*pair.client, "x");
    Relay::settle();
    int turns = 0;
    bool done = false;
    auto other = runtime::spawn([&] {
      for (; !done; ++turns) runtime::yield();
    });
    EXPECT_EQ(read_exactly(*pair.server, 1), "x");
    done = true;
    other.join();
    EXPECT_GE(turns, 3);  // 100 KB of them, and 32 KB are taken in at once
  });
}

TEST_P(TlsSocketTest, a_peer_that_asks_for_new_keys_and_does_not_read_is_cut_off) {
  run([] {
    ReadyPair pair;
    pair.server_limits.write_bytes = 0;  // as where the client does not read
    auto reader = runtime::spawn([&] {
      char byte;
      while (pair.server->read_some({&byte, 1}) != 0) {
      }
    });
    for (int i = 0; i < 12'000; ++i) {
      ASSERT_EQ(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
      write(*pair.client, "x");
    }
    pair.client->shutdown_write();
    reader.join();  // reading works: what it could not answer is bounded
    const Error error = error_of([&] { write(*pair.server, "y"); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("does not read what it asks for"));
  });
}

// Of a message to OpenSSL itself, here a session ticket that is longer than a record: the client has its beginning, and
// its OpenSSL has to read the rest before it may write.
TEST_P(TlsSocketTest, a_writer_waits_for_the_rest_of_a_message_that_has_begun) {
  run([] {
    Relay relay;
    TlsPair pair(relay.ends());
    relay.start();
    constexpr std::size_t kFragmentBytes = 512;
    SSL_set_max_send_fragment(pair.server->ssl(), kFragmentBytes);
    auto connecting = runtime::spawn([&] {
      EXPECT_FALSE(pair.client->shake_hands());
      relay.hold();
      const std::string long_data(3 * kFragmentBytes, 'x');
      SSL_SESSION_set1_ticket_appdata(SSL_get_session(pair.server->ssl()), long_data.data(), long_data.size());
    });
    EXPECT_FALSE(pair.server->shake_hands());
    connecting.join();
    Relay::settle();
    ASSERT_GT(relay.held().size(), 4 * kFragmentBytes);
    relay.release(kFragmentBytes + 22);  // one record
    Relay::settle();
    char byte;
    EXPECT_EQ(pair.client->try_read({&byte, 1}), std::nullopt);

    EXPECT_EQ(try_write(*pair.client, "now"), 0u);
    auto writing = runtime::spawn([&] { write(*pair.client, "now"); });
    Relay::settle();
    EXPECT_FALSE(writing.done());
    relay.release(relay.held().size());
    writing.join();
    EXPECT_EQ(read_exactly(*pair.server, 3), "now");
  });
}

}  // namespace
}  // namespace marty::tls::internal
