// What an idle connection costs.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizer = true;
#else
constexpr bool kSanitizer = false;
#endif

namespace marty::tls {
namespace {

using internal::read_exactly;
using internal::run_in;
using internal::SessionPair;
using internal::TestPki;
using internal::WorldKind;

constexpr std::size_t kConnections = 200;
constexpr std::size_t kMaxBytes = 20 << 10;  // of each end; OpenSSL's buffers alone would be twice that

std::size_t bytes_in_use() { return mallinfo2().uordblks; }

class Nobody final : public runtime::ReadableCallback {
 public:
  void on_readable() noexcept override {}
};

TEST(IdleConnections, hold_no_buffers) {
  if (kSanitizer) GTEST_SKIP() << "the sanitizers' malloc does not tell what is in use";
  run_in(WorldKind::real, [] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    internal::TestPort port;
    Nobody nobody;
    std::vector<SessionPair> pairs;
    pairs.reserve(kConnections);
    const auto open = [&] {
      SessionPair pair = port.shake_hands(server, client);
      const std::string much(100'000, 'x');
      auto writing = runtime::spawn([&] { pair.client.socket.write({much}); });
      EXPECT_EQ(read_exactly(pair.server.socket, much.size()), much);
      writing.join();
      pair.server.socket.write({"x"});
      EXPECT_EQ(read_exactly(pair.client.socket, 1), "x");
      char byte;
      for (runtime::Socket* socket : {&pair.client.socket, &pair.server.socket}) {
        EXPECT_EQ(socket->try_read({&byte, 1}), std::nullopt);
        socket->park(&nobody);
      }
      return pair;
    };
    for (int i = 0; i < 10; ++i) open();  // what is made once
    const std::size_t before = bytes_in_use();
    for (std::size_t i = 0; i < kConnections; ++i) pairs.push_back(open());
    const std::size_t both = bytes_in_use();
    for (SessionPair& pair : pairs) pair.client = {};
    const std::size_t of_client = (both - bytes_in_use()) / kConnections;
    const std::size_t of_server = (both - before) / kConnections - of_client;
    std::printf("an idle connection: %zu bytes at the server, %zu at the client\n", of_server, of_client);
    EXPECT_GT(of_server, 1000u);  // that the measure measures
    EXPECT_LE(of_server, kMaxBytes);
    EXPECT_LE(of_client, kMaxBytes);
  });
}

}  // namespace
}  // namespace marty::tls
