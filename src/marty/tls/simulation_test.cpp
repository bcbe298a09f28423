// TLS in the simulated world: the same seed gives the same run, to the byte.
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::SessionPair;
using internal::TestPki;
using namespace std::chrono_literals;

// Everything that passed over the network, as one number.
std::uint64_t trace_of_talks(std::uint64_t seed) {
  runtime::SimulatedWorld world({.seed = seed});
  world.run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()},
                                .client_certificates = ClientCertificates::required,
                                .client_ca = pki.ca});
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue_client()});
    internal::TestPort port;
    for (int i = 0; i < 4; ++i) {
      SessionPair pair = port.shake_hands(server, client);
      EXPECT_EQ(pair.server.resumed, i > 0);
      pair.server.socket.write({"hello"});
      EXPECT_EQ(internal::read_exactly(pair.client.socket, 5), "hello");
      runtime::sleep_for(1h);
    }
  });
  return world.trace_hash();
}

TEST(TlsInTheSimulatedWorld, the_same_seed_gives_the_same_bytes) {
  EXPECT_EQ(trace_of_talks(1), trace_of_talks(1));
  EXPECT_NE(trace_of_talks(1), trace_of_talks(2));
}

// Cut anywhere, in the handshake too: each talk is complete, or both sides are told.
TEST(TlsInTheSimulatedWorld, a_network_that_cuts_connections_is_an_error_and_never_an_end) {
  runtime::SimulatedWorld world({.seed = 7});
  int complete = 0, cut = 0;
  world.run([&] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    const std::string content(20'000, 'x');
    internal::TestPort port;
    world.network().set_connection_cut(0.7, 40'000, 5ms);
    world.network().set_loss(0.05, 1ms);
    for (int i = 0; i < 300; ++i) {
      const Error error = internal::error_of([&] {
        internal::SocketPair sockets = port.connect();
        auto serving = runtime::spawn([&] {
          Session session = server.accept(std::move(sockets.server));
          session.socket.write({content});
        });
        Session session = client.connect(std::move(sockets.client), "localhost");
        EXPECT_EQ(internal::read_all(session.socket), content);
        serving.join();
        ++complete;
      });
      if (error.code() == Code::ok) continue;
      EXPECT_EQ(error.code(), Code::unavailable) << error.message();
      ++cut;
    }
  });
  EXPECT_GT(complete, 50);
  EXPECT_GT(cut, 50);
}

}  // namespace
}  // namespace marty::tls
