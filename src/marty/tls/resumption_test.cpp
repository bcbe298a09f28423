// Sessions that go on where one of before ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::ErrorPair;
using internal::read_exactly;
using internal::run_in;
using internal::SessionPair;
using internal::TestPki;
using internal::TestPort;
using internal::WorldKind;
using namespace std::chrono_literals;
using testing::HasSubstr;

class ResumptionTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, ResumptionTest, internal::kBothWorlds, internal::world_name);

// Connections with one byte of traffic: with TLS 1.3 session tickets come along with it.
class Talks : public TestPort {
 public:
  Talks(const ServerContext& server, const ClientContext& client) : server_(server), client_(client) {}

  SessionPair talk(std::string_view host = "localhost", const std::vector<std::string>* alpn = nullptr) {
    return talk_to(server_, host, alpn);
  }
  SessionPair talk_to(const ServerContext& server, std::string_view host = "localhost",
                      const std::vector<std::string>* alpn = nullptr) {
    SessionPair pair = shake_hands(server, client_, host, alpn);
    pair.server.socket.write({"x"});
    EXPECT_EQ(read_exactly(pair.client.socket, 1), "x");
    EXPECT_EQ(pair.client.resumed, pair.server.resumed);
    return pair;
  }
  bool resumes(std::string_view host = "localhost", const std::vector<std::string>* alpn = nullptr) {
    return talk(host, alpn).server.resumed;
  }
  ErrorPair refusal() { return refused_handshake(server_, client_); }

 private:
  const ServerContext& server_;
  const ClientContext& client_;
};

TEST_P(ResumptionTest, the_second_connection_is_resumed_and_each_after_it) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    EXPECT_FALSE(talks.resumes());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(talks.resumes());
  });
}

TEST_P(ResumptionTest, knows_who_the_other_is) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()},
                                .client_certificates = ClientCertificates::required,
                                .client_ca = pki.ca,
                                .alpn = {"h2"}});
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue_client("orders"), .alpn = {"h2"}});
    Talks talks(server, client);
    talks.talk();
    const SessionPair pair = talks.talk();
    ASSERT_TRUE(pair.server.resumed);
    EXPECT_EQ(pair.server.peer->subject, "CN=orders");
    EXPECT_EQ(pair.server.peer->spiffe_id, "spiffe://test.example/client");
    EXPECT_EQ(pair.client.peer->subject, "CN=server");
    EXPECT_EQ(pair.server.alpn, "h2");
    EXPECT_EQ(pair.client.alpn, "h2");
    EXPECT_EQ(pair.server.server_name, "localhost");
  });
}

TEST_P(ResumptionTest, is_of_one_host_and_one_choice_of_protocols) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue({.dns_names = {"a.example", "b.example"}})}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    const std::vector<std::string> other{"h2"};
    EXPECT_FALSE(talks.resumes("a.example"));
    EXPECT_FALSE(talks.resumes("b.example"));
    EXPECT_FALSE(talks.resumes("a.example", &other));
    EXPECT_TRUE(talks.resumes("a.example"));
  });
}

TEST_P(ResumptionTest, is_not_possible_with_another_server) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}}), other({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    EXPECT_FALSE(talks.resumes());
    EXPECT_FALSE(talks.talk_to(other).server.resumed);  // it looks the same from outside, and has keys of its own
  });
}

TEST_P(ResumptionTest, outlives_a_change_of_the_servers_certificate) {
  run([] {
    const TestPki pki;
    ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    EXPECT_FALSE(talks.resumes());
    pki.issue_server();
    ASSERT_TRUE(server.reload_if_changed());
    EXPECT_TRUE(talks.resumes());
  });
}

TEST_P(ResumptionTest, ends_where_other_authorities_vouch_for_clients) {
  run([] {
    const TestPki pki, next("Next CA");
    const std::string ca = pki.path("client_ca.pem");
    pki.authority.write(ca);
    ServerContext server(
        {.certificates = {pki.issue_server()}, .client_certificates = ClientCertificates::required, .client_ca = ca});
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue_client()});
    Talks talks(server, client);
    talks.talk();
    EXPECT_TRUE(talks.resumes());
    next.authority.write(ca);
    ASSERT_TRUE(server.reload_if_changed());
    EXPECT_THAT(talks.refusal().server.message(), HasSubstr("not among the trusted authorities"));
  });
}

TEST_P(ResumptionTest, ends_where_the_client_trusts_others) {
  run([] {
    const TestPki pki, next("Next CA");
    const std::string ca = pki.path("trusted.pem");
    pki.authority.write(ca);
    const ServerContext server({.certificates = {pki.issue_server()}});
    ClientContext client({.ca = ca});
    Talks talks(server, client);
    talks.talk();
    next.authority.write(ca);
    ASSERT_TRUE(client.reload_if_changed());
    EXPECT_EQ(talks.refusal().client.code(), Code::unauthenticated);
  });
}

class ResumptionInTheSimulatedWorld : public testing::Test {
 protected:
  void run(std::function<void()> test) { run_in(WorldKind::simulated, std::move(test)); }
};

TEST_F(ResumptionInTheSimulatedWorld, works_across_a_change_of_keys_and_ends_twelve_hours_after_the_handshake) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue({.dns_names = {"localhost"}, .valid_for = 1000h})}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    talks.talk();
    runtime::sleep_for(7h);
    EXPECT_TRUE(talks.resumes());
    runtime::sleep_for(6h);
    EXPECT_TRUE(talks.resumes());  // sealed with the key of before, and renewed
    runtime::sleep_for(11h);
    EXPECT_TRUE(talks.resumes());  // the first key is gone
    runtime::sleep_for(12h);
    EXPECT_FALSE(talks.resumes());
  });
}

TEST_F(ResumptionInTheSimulatedWorld, ends_with_the_servers_certificate) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue({.dns_names = {"localhost"}, .valid_for = 1h})}});
    const ClientContext client({.ca = pki.ca});
    Talks talks(server, client);
    talks.talk();
    runtime::sleep_for(2h);
    EXPECT_THAT(talks.refusal().client.message(), HasSubstr("expired on"));
  });
}

TEST_F(ResumptionInTheSimulatedWorld, ends_with_the_clients_certificate) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()},
                                .client_certificates = ClientCertificates::required,
                                .client_ca = pki.ca});
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue({.subject = "old", .valid_for = 1h})});
    Talks talks(server, client);
    talks.talk();
    EXPECT_TRUE(talks.resumes());
    runtime::sleep_for(2h);
    EXPECT_THAT(talks.refusal().server.message(), HasSubstr("expired on"));
  });
}

}  // namespace
}  // namespace marty::tls
