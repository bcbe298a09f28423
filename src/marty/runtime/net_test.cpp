#include "marty/runtime/net.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/sanitizer.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using internal::message_thrown_by;
using namespace std::chrono_literals;

struct Pair {
  Socket client;
  Socket server;
};

Pair connected_pair(const Address& address = Address::parse("127.0.0.1:0")) {
  Listener listener = listen(address);
  auto client = spawn([&] { return connect(listener.local_address()); });
  Socket server = listener.accept();
  return {client.join(), std::move(server)};
}

std::string read_all(Socket& socket) {
  std::string text;
  char buffer[1024];
  while (const std::size_t size = socket.read_some(buffer)) text.append(buffer, size);
  return text;
}

std::string unix_path(const char* name) { return "/tmp/marty-" + std::to_string(getpid()) + "-" + name + ".sock"; }

TEST(Tcp, carries_bytes_both_ways_until_one_side_has_finished) {
  in_world([] {
    auto [client, server] = connected_pair();
    client.write({"hello ", "world"});
    client.shutdown_write();
    EXPECT_EQ(read_all(server), "hello world");
    server.write({"after the half-close"});
    server.close();
    EXPECT_EQ(read_all(client), "after the half-close");
    EXPECT_TRUE(client.closed_by_peer());
  });
}

TEST(Tcp, knows_the_addresses_of_both_ends) {
  in_world([] {
    auto [client, server] = connected_pair();
    EXPECT_EQ(client.peer_address(), server.local_address());
    EXPECT_EQ(client.local_address(), server.peer_address());
    EXPECT_TRUE(server.peer_address().is_loopback());
  });
}

TEST(UnixSocket, works_like_tcp_and_removes_its_file) {
  in_world([] {
    const std::string path = unix_path("echo");
    auto [client, server] = connected_pair(Address::parse("unix:" + path));
    EXPECT_NE(access(path.c_str(), F_OK), 0);
    client.write({"ping"});
    client.close();
    EXPECT_EQ(read_all(server), "ping");
  });
}

TEST(Socket, try_read_never_waits) {
  in_world([] {
    auto [client, server] = connected_pair();
    char buffer[16];
    EXPECT_EQ(server.try_read(buffer), std::nullopt);
    client.write({"abc"});
    EXPECT_EQ(server.read_some(buffer), 3u);
    EXPECT_EQ(server.try_read(buffer), std::nullopt);
    client.close();
    EXPECT_EQ(server.read_some(buffer), 0u);
    EXPECT_EQ(server.try_read(buffer), 0u);
  });
}

TEST(Socket, makes_the_writer_wait_while_the_peer_is_slow) {
  in_world([] {
    auto [client, server] = connected_pair();
    const std::string block(256 * 1024, 'x');
    constexpr std::size_t kBlocks = 64;
    std::size_t written = 0;
    auto writer = spawn([&, &out = client] {
      for (std::size_t i = 0; i < kBlocks; ++i, ++written)
        out.write({std::string_view(block).substr(0, 1), std::string_view(block).substr(1)});
      out.close();
    });
    for (int i = 0; i < 10; ++i) yield();
    EXPECT_LT(written, kBlocks);  // 16 MiB do not fit between the two
    EXPECT_EQ(client.try_write(std::vector<std::string_view>{block}), 0u);
    EXPECT_EQ(read_all(server).size(), kBlocks * block.size());
    writer.join();
  });
}

TEST(Socket, read_ends_at_the_deadline_naming_the_peer) {
  in_world([] {
    auto [client, server] = connected_pair();
    const DeadlineScope scope(1ms);
    char buffer[16];
    const std::string message = message_thrown_by([&] { server.read_some(buffer); });
    EXPECT_EQ(message, "the deadline passed while reading from " + server.peer_address().to_string());
  });
}

// Whose peer is so fast that no read or write ever has to wait.
TEST(Socket, lets_other_fibers_run_though_it_always_has_bytes) {
  in_world([] {
    auto [client, server] = connected_pair();
    const std::string plenty(100'000, 'x');
    const std::vector<std::string_view> parts{plenty};
    ASSERT_EQ(client.try_write(parts), plenty.size());
    char byte = 0;
    std::size_t read = server.read_some({&byte, 1}), read_before_other = 0;
    auto other = spawn([&] { read_before_other = read; });
    while (read < plenty.size()) read += server.read_some({&byte, 1});
    other.join();
    EXPECT_LT(read_before_other, 1000u);
  });
}

TEST(Socket, obeys_the_deadline_though_it_always_has_room_or_bytes) {
  in_world([] {
    auto [client, server] = connected_pair();
    const auto exchange_for_ever = [&, &out = client, &in = server] {
      const DeadlineScope scope(5ms);
      char byte = 'x';
      for (;;) {
        out.write({{&byte, 1}});
        in.read_some({&byte, 1});
      }
    };
    EXPECT_EQ(code_thrown_by(exchange_for_ever), Code::deadline_exceeded);
  });
}

TEST(Socket, reports_a_reset_as_unavailable) {
  in_world([] {
    auto [client, server] = connected_pair();
    server.write({"never read"});
    client.close();  // with bytes unread: TCP resets
    while (!server.closed_by_peer()) sleep_for(1ms);
    char buffer[16];
    EXPECT_EQ(code_thrown_by([&] { server.read_some(buffer); }), Code::unavailable);
    EXPECT_EQ(code_thrown_by([&] { server.write({"x"}); }), Code::unavailable);
  });
}

class Parked final : public ReadableCallback, public FiberJob {
 public:
  explicit Parked(Socket& socket) : socket_(socket) {}
  void on_readable() noexcept override {
    EXPECT_FALSE(on_fiber());
    Loop::current().run_now(*this);
  }
  void run() override {
    char buffer[16];
    text.append(buffer, socket_.read_some(buffer));
    seen.release();
  }
  std::string text;
  Semaphore seen{0};

 private:
  Socket& socket_;
};

TEST(Park, calls_back_once_when_bytes_arrive_and_runs_a_fiber_at_once) {
  in_world([] {
    auto [client, server] = connected_pair();
    Parked parked(server);
    server.park(&parked);
    client.write({"one"});
    parked.seen.acquire();
    client.write({"two"});
    for (int i = 0; i < 3; ++i) sleep_for(1ms);
    EXPECT_EQ(parked.text, "one");
    server.park(&parked);  // the bytes are there already
    parked.seen.acquire();
    EXPECT_EQ(parked.text, "onetwo");
    server.park(&parked);
    server.park(nullptr);
    client.write({"three"});
    sleep_for(1ms);
    EXPECT_EQ(parked.text, "onetwo");
  });
}

TEST(Connect, refused_is_unavailable_and_names_the_address) {
  in_world([] {
    Address address;
    { address = listen(Address::parse("127.0.0.1:0")).local_address(); }
    EXPECT_EQ(message_thrown_by([&] { connect(address); }),
              "cannot connect to " + address.to_string() + ": Connection refused");
    EXPECT_EQ(code_thrown_by([&] { connect("localhost", address.port()); }), Code::unavailable);
  });
}

TEST(Listen, on_a_taken_port_says_what_to_do) {
  in_world([] {
    const Listener first = listen(Address::parse("127.0.0.1:0"));
    EXPECT_EQ(code_thrown_by([&] { listen(first.local_address()); }), Code::already_exists);
    EXPECT_THAT(message_thrown_by([&] { listen(first.local_address()); }),
                testing::HasSubstr("is taken by another process; stop that one"));
  });
}

// Another process that has set SO_REUSEPORT: the kernel would let the same user join it.
int listen_as_another_process(std::uint16_t& port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), bytes), 0);
  EXPECT_EQ(::listen(descriptor, 1), 0);
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes);
  port = ntohs(address.sin_port);
  return descriptor;
}

TEST(Listen, the_first_of_several_shares_with_its_own_only) {
  in_world([] {
    std::uint16_t port = 0;
    const int foreign = listen_as_another_process(port);
    const Address taken = Address::ip("127.0.0.1", port);
    EXPECT_EQ(code_thrown_by([&] { listen(taken, {.sharing = PortSharing::first}); }), Code::already_exists);
    close(foreign);
    const Listener first = listen(taken, {.sharing = PortSharing::first});
    const Listener second = listen(taken, {.sharing = PortSharing::next});
    EXPECT_EQ(code_thrown_by([&] { listen(taken, {.sharing = PortSharing::first}); }), Code::already_exists);
    EXPECT_EQ(code_thrown_by([&] { listen(taken); }), Code::already_exists);
  });
}

TEST(Listen, replaces_the_file_of_a_unix_socket_that_nobody_listens_on) {
  in_world([] {
    const std::string path = unix_path("stale");
    const std::string kept = path + ".kept";
    {
      const Listener dead = listen(Address::parse("unix:" + path));
      ASSERT_EQ(link(path.c_str(), kept.c_str()), 0);
      EXPECT_EQ(code_thrown_by([&] { listen(Address::parse("unix:" + path)); }), Code::already_exists);
    }
    ASSERT_EQ(rename(kept.c_str(), path.c_str()), 0);
    const Listener next = listen(Address::parse("unix:" + path));
    EXPECT_TRUE(next.is_open());
  });
}

TEST(Accept, survives_descriptor_exhaustion_by_turning_clients_away) {
  if (internal::kAddressSanitizer) GTEST_SKIP() << "UndefinedBehaviorSanitizer takes descriptors of its own";
  in_world([] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    Socket early = connect(listener.local_address());
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = dup(0);
    close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    auto acceptor = spawn([&] { return listener.accept(); });
    char buffer[1];
    EXPECT_EQ(early.read_some(buffer), 0u);
    EXPECT_EQ(listener.turned_away(), 1u);
    setrlimit(RLIMIT_NOFILE, &before);
    Socket late = connect(listener.local_address());
    EXPECT_TRUE(acceptor.join().is_open());
  });
}

TEST(Resolve, knows_localhost_and_numbers_without_network) {
  in_world([] {
    EXPECT_EQ(resolve("localhost", 80).front().to_string(), "127.0.0.1:80");
    EXPECT_EQ(resolve("10.1.2.3", 80).front().to_string(), "10.1.2.3:80");
    EXPECT_EQ(resolve("::1", 80).front().to_string(), "[::1]:80");
  });
}

TEST(AddressText, is_read_and_written_the_same) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "[2001:db8::7]:0", "unix:/run/marty.sock"}) {
    EXPECT_EQ(Address::parse(text).to_string(), text);
    EXPECT_EQ(Address::parse(text), Address::parse(text));
  }
  EXPECT_NE(Address::parse("unix:/a"), Address::parse("unix:/b"));
  for (const char* text : {"", "127.0.0.1", "::1:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "example.org:80",
                           "[::1:80", "unix:"}) {
    EXPECT_EQ(code_thrown_by([&] { Address::parse(text); }), Code::invalid_argument) << text;
  }
  using namespace std::string_view_literals;
  for (const std::string_view text : {"127.0.0.1\0x:80"sv, "unix:/tmp/a\0b"sv}) {
    EXPECT_EQ(code_thrown_by([&] { Address::parse(text); }), Code::invalid_argument);
  }
}

}  // namespace
}  // namespace marty::runtime
