// Files that change while connections are made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::error_of;
using internal::run_in;
using internal::SessionPair;
using internal::shake_hands;
using internal::TestPki;
using internal::WorldKind;
using testing::HasSubstr;

class ReloadTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, ReloadTest, internal::kBothWorlds, internal::world_name);

std::string serial_number(const ServerContext& server, const ClientContext& client) {
  return shake_hands(server, client).client.peer->serial_number;
}

TEST_P(ReloadTest, shows_the_new_certificate_from_then_on_and_keeps_old_connections) {
  run([] {
    const TestPki pki;
    ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    SessionPair old = shake_hands(server, client);
    pki.issue_server();
    server.reload();
    EXPECT_NE(serial_number(server, client), old.client.peer->serial_number);
    old.server.socket.write({"still here"});
    EXPECT_EQ(internal::read_exactly(old.client.socket, 10), "still here");
  });
}

TEST_P(ReloadTest, sees_whether_a_file_is_another_one_by_its_content) {
  run([] {
    const TestPki pki;
    const CertificateFiles files = pki.issue_server();
    ServerContext server({.certificates = {files}});
    ClientContext client({.ca = pki.ca, .certificate = pki.issue_client()});
    EXPECT_FALSE(server.reload_if_changed());
    EXPECT_FALSE(client.reload_if_changed());
    runtime::write_file(files.certificate, runtime::read_file(files.certificate));  // written anew, but the same
    EXPECT_FALSE(server.reload_if_changed());
    pki.issue_server();
    EXPECT_TRUE(server.reload_if_changed());
    EXPECT_FALSE(server.reload_if_changed());
    pki.issue_client();
    EXPECT_TRUE(client.reload_if_changed());
    EXPECT_FALSE(client.reload_if_changed());
  });
}

TEST_P(ReloadTest, follows_a_link_to_another_folder) {
  run([] {
    const TestPki pki;
    for (const char* version : {"v1", "v2"}) {
      std::filesystem::create_directory(pki.folder.path() / version);
      pki.authority.issue(pki.folder.path() / version, {.subject = "tls", .dns_names = {"localhost"}});
    }
    const std::filesystem::path current = pki.folder.path() / "current";
    std::filesystem::create_directory_symlink("v1", current);
    ServerContext server({.certificates = {{current / "tls.pem", current / "tls.key"}}});
    const ClientContext client({.ca = pki.ca});
    const std::string before = serial_number(server, client);
    std::filesystem::create_directory_symlink("v2", pki.folder.path() / "next");  // as Kubernetes does it
    std::filesystem::rename(pki.folder.path() / "next", current);
    EXPECT_TRUE(server.reload_if_changed());
    EXPECT_NE(serial_number(server, client), before);
  });
}

TEST_P(ReloadTest, changes_nothing_where_a_file_is_not_as_it_should_be) {
  run([] {
    const TestPki pki;
    const CertificateFiles files = pki.issue_server();
    ServerContext server({.certificates = {files}});
    const ClientContext client({.ca = pki.ca});
    const std::string before = serial_number(server, client);
    const std::string good = runtime::read_file(files.certificate);
    const auto refused = [&](const std::string& content, const std::string& path) {
      runtime::write_file(files.certificate, content);
      for (const Error& error : {error_of([&] { server.reload(); }), error_of([&] { server.reload_if_changed(); })}) {
        EXPECT_EQ(error.code(), Code::invalid_argument);
        EXPECT_THAT(error.message(), HasSubstr(path));
      }
      EXPECT_EQ(serial_number(server, client), before);
    };
    refused(good.substr(0, good.size() / 2), files.certificate);                          // half-written
    refused(runtime::read_file(pki.issue({.subject = "other"}).certificate), files.key);  // not its key yet
    std::filesystem::remove(files.key);
    EXPECT_EQ(error_of([&] { server.reload(); }).code(), Code::not_found);
    EXPECT_EQ(serial_number(server, client), before);
    pki.issue_server();
    EXPECT_TRUE(server.reload_if_changed());
    EXPECT_NE(serial_number(server, client), before);
  });
}

TEST_P(ReloadTest, a_handshake_under_way_ends_with_the_files_that_it_began_with) {
  run([] {
    const TestPki pki;
    ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    const std::string before = serial_number(server, client);
    internal::SocketPair sockets = internal::connected_sockets();
    auto accepting = runtime::spawn([&] { return server.accept(std::move(sockets.server)); });
    runtime::yield();  // it has begun, and waits for the client
    pki.issue_server();
    server.reload();
    EXPECT_EQ(client.connect(std::move(sockets.client), "localhost").peer->serial_number, before);
    accepting.join();
  });
}

// On three loops, without a handshake that fails.
TEST(ReloadInTheRealWorld, a_hundred_times_beside_handshakes_of_several_loops) {
  runtime::World::real({.loops = 3})->run([] {
    const TestPki pki;
    ServerContext server({.certificates = {pki.issue_server()},
                          .client_certificates = ClientCertificates::required,
                          .client_ca = pki.ca});
    ClientContext client({.ca = pki.ca, .certificate = pki.issue_client()});
    std::atomic<bool> done = false;
    std::atomic<int> handshakes = 0, resumed = 0;
    std::vector<runtime::Task<std::function<void()>>> talkers;
    for (runtime::Loop* loop : runtime::World::current().loops()) {
      talkers.emplace_back([&, loop] {
        runtime::run_on(*loop, [&] {
          internal::TestPort port;
          while (!done) {
            SessionPair pair = port.shake_hands(server, client);
            pair.server.socket.write({"x"});
            EXPECT_EQ(internal::read_exactly(pair.client.socket, 1), "x");
            handshakes += 1;
            resumed += pair.server.resumed ? 1 : 0;
          }
        });
      });
    }
    for (int i = 0; i < 100; ++i) {
      if (i % 2 == 0) pki.issue_server();
      if (i % 10 == 0) pki.issue_client();
      server.reload();
      client.reload();
      const int before = handshakes;
      while (handshakes == before) runtime::yield();
    }
    done = true;
    for (auto& talker : talkers) talker.join();
    EXPECT_GE(handshakes, 100);
    EXPECT_GT(resumed, 0);
  });
}

}  // namespace
}  // namespace marty::tls
