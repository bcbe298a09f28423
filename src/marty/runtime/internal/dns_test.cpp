#include "marty/runtime/internal/dns.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/epoll_driver.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime::internal {
namespace {

using namespace std::chrono_literals;

// A name server on a loopback port (RFC 1035, 4): knows the IPv4 address of known.test, never answers for silent.test,
// and knows no other name.
class NameServer {
 public:
  NameServer() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), bytes), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &bytes);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    shutdown(socket_, SHUT_RDWR);  // ends recvfrom(2)
    thread_.join();
    close(socket_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::atomic<int> questions{0};

 private:
  void serve() {
    std::array<char, 512> packet;
    for (;;) {
      sockaddr_in peer{};
      socklen_t bytes = sizeof peer;
      const ssize_t size =
          recvfrom(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&peer), &bytes);
      if (size <= 12) return;
      ++questions;
      const std::string reply = answer(std::string_view(packet.data(), static_cast<std::size_t>(size)));
      if (!reply.empty()) sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), bytes);
    }
  }
  static std::string answer(std::string_view question) {
    using namespace std::string_view_literals;
    if (question.find("\6silent\4test\0"sv) != question.npos) return {};
    const bool known = question.find("\5known\4test\0"sv) != question.npos;
    const std::size_t end_of_name = question.find('\0', 12);
    const bool ipv4 = question[end_of_name + 2] == 1;  // QTYPE A
    std::string reply(question.substr(0, end_of_name + 5));
    reply[2] = '\x81';                          // a response, recursion desired
    reply[3] = known ? '\x80' : '\x83';         // no error, or no such name
    reply.replace(6, 6, std::string(6, '\0'));  // counts of answers, authorities, additional records
    if (!known || !ipv4) return reply;
    reply[7] = 1;
    return reply.append("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3"sv);  // that name: A, IN, 60 s, 10.1.2.3
  }

  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct Resolver {
  explicit Resolver(const NameServer& server, int timeout_ms = 2000)
      : dns(Scheduler::current(), *Scheduler::current().driver().epoll(),
            {.timeout_ms = timeout_ms, .tries = 2, .servers = server.address()}) {}
  DnsResolver dns;
};

TEST(Dns, asks_the_server_for_a_name_that_no_file_knows) {
  NameServer server;
  in_world([&] {
    Resolver resolver(server);
    const auto addresses = resolver.dns.resolve("known.test", 8080);
    ASSERT_EQ(addresses.size(), 1u);
    EXPECT_EQ(addresses[0].to_string(), "10.1.2.3:8080");
    EXPECT_GT(server.questions, 0);
  });
}

TEST(Dns, answers_many_fibers_at_once) {
  NameServer server;
  in_world([&] {
    Resolver resolver(server);
    const auto look_up = [&] { return resolver.dns.resolve("known.test", 1).size(); };
    std::vector<decltype(spawn(look_up))> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(spawn(look_up));
    for (auto& task : tasks) EXPECT_EQ(task.join(), 1u);
  });
}

TEST(Dns, an_unknown_name_is_not_found) {
  NameServer server;
  in_world([&] {
    Resolver resolver(server);
    EXPECT_EQ(code_thrown_by([&] { resolver.dns.resolve("unknown.test", 80); }), Code::not_found);
    EXPECT_EQ(code_thrown_by([&] { resolver.dns.resolve("..", 80); }), Code::not_found);
  });
}

TEST(Dns, a_silent_server_makes_the_name_unavailable) {
  NameServer server;
  in_world([&] {
    Resolver resolver(server, 5);
    EXPECT_EQ(code_thrown_by([&] { resolver.dns.resolve("silent.test", 80); }), Code::unavailable);
  });
}

TEST(Dns, a_look_up_obeys_the_deadline_and_its_answer_may_come_later) {
  NameServer server;
  in_world([&] {
    Resolver resolver(server);
    {
      const DeadlineScope scope(1ms);
      EXPECT_EQ(code_thrown_by([&] { resolver.dns.resolve("silent.test", 80); }), Code::deadline_exceeded);
    }
    EXPECT_EQ(resolver.dns.resolve("known.test", 80).size(), 1u);
  });
}

TEST(Dns, reads_the_hosts_file_first) {
  if (!std::filesystem::exists("/etc/hosts")) GTEST_SKIP() << "there is no /etc/hosts";
  NameServer server;
  in_world([&] {
    Resolver resolver(server);
    const auto addresses = resolver.dns.resolve("localhost", 80);  // a name that every hosts file has
    EXPECT_TRUE(addresses.at(0).is_loopback());
    EXPECT_EQ(server.questions, 0);
  });
}

}  // namespace
}  // namespace marty::runtime::internal
