// How a TlsSocket parks: only plain text wakes, and nothing spins.
#include <gtest/gtest.h>

#include "marty/tls/internal/test_sockets.hpp"
#include "marty/tls/internal/tls_socket.hpp"

namespace marty::tls::internal {
namespace {

class TlsSocketParkTest : public WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, TlsSocketParkTest, kBothWorlds, world_name);

TEST_P(TlsSocketParkTest, calls_back_once_when_bytes_come) {
  run([] {
    ReadyPair pair;
    CountingCallback callback;
    pair.server->park(&callback);
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
    write(*pair.client, "abc");
    write(*pair.client, "def");
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
    char buffer[3];
    EXPECT_EQ(pair.server->try_read(buffer), 3u);
    EXPECT_EQ(std::string_view(buffer, 3), "abc");
  });
}

TEST_P(TlsSocketParkTest, calls_back_where_decrypted_bytes_are_waiting_already) {
  run([] {
    ReadyPair pair;
    write(*pair.client, "abc");
    char byte;
    ASSERT_EQ(pair.server->read_some({&byte, 1}), 1u);  // the other two are decrypted, and gone from the socket below
    CountingCallback callback;
    pair.server->park(&callback);
    EXPECT_EQ(callback.calls, 0);  // not from within
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
  });
}

TEST_P(TlsSocketParkTest, calls_back_where_a_whole_record_is_buffered_already) {
  run([] {
    ReadyPair pair;
    write(*pair.client, "abc");
    write(*pair.client, "def");
    Relay::settle();
    char buffer[3];
    ASSERT_EQ(pair.server->read_some(buffer), 3u);  // both records came with one read
    ASSERT_EQ(SSL_pending(pair.server->ssl()), 0);
    CountingCallback callback;
    pair.server->park(&callback);
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
  });
}

TEST_P(TlsSocketParkTest, neither_wakes_nor_spins_for_a_part_of_a_record) {
  run([] {
    TappedPair pair;
    write(*pair.server, "hello");
    Relay::settle();
    CountingCallback callback;
    pair.client->park(&callback);
    pair.relay().release(pair.relay().held().size() - 1);
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
    const std::size_t reads = pair.client_limits.reads;
    Relay::settle();
    EXPECT_EQ(pair.client_limits.reads, reads);
    pair.relay().release(1);
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
    char buffer[8];
    EXPECT_EQ(pair.client->try_read(buffer), 5u);
  });
}

TEST_P(TlsSocketParkTest, neither_wakes_nor_spins_where_it_parks_on_a_part_of_a_record) {
  run([] {
    TappedPair pair;
    write(*pair.server, "hello");
    Relay::settle();
    pair.relay().release(10);
    Relay::settle();
    char buffer[8];
    EXPECT_EQ(pair.client->try_read(buffer), std::nullopt);
    ASSERT_EQ(SSL_has_pending(pair.client->ssl()), 1);
    CountingCallback callback;
    pair.client->park(&callback);
    const std::size_t reads = pair.client_limits.reads;
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
    EXPECT_LE(pair.client_limits.reads, reads + 1);
    pair.relay().release(pair.relay().held().size());
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
  });
}

TEST_P(TlsSocketParkTest, session_tickets_are_no_bytes) {
  run([] {
    TlsPair pair;
    auto connecting = runtime::spawn([&] { EXPECT_FALSE(pair.client->shake_hands()); });
    EXPECT_FALSE(pair.server->shake_hands());
    connecting.join();
    CountingCallback callback;
    pair.client->park(&callback);
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
    EXPECT_NE(pair.client_snapshot->sessions.take("server", runtime::wall_now()), nullptr);  // but they were taken
  });
}

TEST_P(TlsSocketParkTest, calls_back_for_the_end_and_for_a_reset) {
  run([] {
    ReadyPair ended;
    CountingCallback callback;
    ended.server->park(&callback);
    ended.client.reset();
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
    char byte;
    EXPECT_EQ(ended.server->try_read({&byte, 1}), 0u);

    TappedPair cut;
    cut.client->park(&callback);
    cut.relay().cut();
    Relay::settle();
    EXPECT_EQ(callback.calls, 2);
    EXPECT_EQ(error_of([&] { cut.client->try_read({&byte, 1}); }).code(), Code::unavailable);
    cut.client->park(&callback);  // as broken as before
    Relay::settle();
    EXPECT_EQ(callback.calls, 3);
  });
}

TEST_P(TlsSocketParkTest, takes_the_callback_back) {
  run([] {
    ReadyPair pair;
    CountingCallback callback;
    pair.server->park(&callback);
    pair.server->park(nullptr);
    write(*pair.client, "abc");
    Relay::settle();
    char byte;
    ASSERT_EQ(pair.server->read_some({&byte, 1}), 1u);
    pair.server->park(&callback);
    pair.server->park(nullptr);  // also what is due on the next turn
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
  });
}

TEST_P(TlsSocketParkTest, what_was_read_meanwhile_wakes_nobody) {
  run([] {
    ReadyPair pair;
    write(*pair.client, "abc");
    char buffer[2];
    ASSERT_EQ(pair.server->read_some({buffer, 1}), 1u);
    CountingCallback callback;
    pair.server->park(&callback);
    ASSERT_EQ(pair.server->read_some(buffer), 2u);
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
    write(*pair.client, "d");
    Relay::settle();
    EXPECT_EQ(callback.calls, 1);
  });
}

TEST_P(TlsSocketParkTest, may_be_destroyed_while_it_is_due) {
  run([] {
    ReadyPair pair;
    write(*pair.client, "abc");
    char byte;
    ASSERT_EQ(pair.server->read_some({&byte, 1}), 1u);
    CountingCallback callback;
    pair.server->park(&callback);
    pair.server.reset();
    Relay::settle();
    EXPECT_EQ(callback.calls, 0);
  });
}

class DestroyingCallback final : public runtime::ReadableCallback {
 public:
  explicit DestroyingCallback(std::unique_ptr<TlsSocket>& socket) : socket_(socket) {}
  void on_readable() noexcept override { socket_.reset(); }

 private:
  std::unique_ptr<TlsSocket>& socket_;
};

TEST_P(TlsSocketParkTest, may_be_destroyed_by_its_callback) {
  run([] {
    ReadyPair pair;
    DestroyingCallback callback(pair.server);
    pair.server->park(&callback);
    write(*pair.client, "abc");
    char byte;
    EXPECT_EQ(pair.client->read_some({&byte, 1}), 0u);
    EXPECT_EQ(pair.server, nullptr);
  });
}

}  // namespace
}  // namespace marty::tls::internal
