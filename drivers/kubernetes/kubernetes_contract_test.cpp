// The store against a real API server, where there is one (scripts/tools builds it), and on mounted files: the contract
// of every store, and what only the server itself can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubernetes/internal/api_store.hpp"
#include "kubernetes/internal/mounted_volume.hpp"
#include "kubernetes/kubernetes.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/internal/contract_suite.hpp"
#include "marty/secrets/internal/server_program.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::kubernetes {

using secrets::contract::Backend;
using secrets::contract::name_of;
using secrets::contract::StoreContract;
using secrets::contract::StoreOutageContract;

namespace {

// kube-apiserver with etcd, by tests/support/secret_servers.py.
class RealApiServer final : public Backend {
 public:
  const char* name() const override { return "KubernetesApi"; }
  std::string missing() override { return program_.missing(); }
  std::unique_ptr<secrets::Store> store() override { return kubernetes::store(options()); }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    json::Value data = json::Value::object();
    for (const auto& [name, value] : fields) data[name] = value;
    call("write", {{"path", internal::secret_name(path)}, {"data", data}});
  }
  void stop() override { call("stop"); }
  void start() override { call("start"); }

  json::Value call(std::string_view command, json::Value::Object arguments = {}) {
    return program_.call(command, std::move(arguments));
  }
  std::string said(std::string_view name) { return program_.said("kubernetes")[name].as_string(); }
  Options options() {
    return {.mode = Mode::api,
            .server = said("address"),
            .cluster_namespace = said("namespace"),
            .token_file = said("token_file"),
            .ca_file = said("ca_file")};
  }

 private:
  secrets::internal::ServerProgram program_{MARTY_SECRET_SERVERS, {"kubernetes"}};
};

class Files final : public Backend {
 public:
  const char* name() const override { return "MountedFiles"; }
  std::unique_ptr<secrets::Store> store() override { return kubernetes::store({.directory = folder_.path().string()}); }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    std::map<std::string, std::string> lines = fields;  // files end with a line end, which is not part of a secret
    for (auto& [name, value] : lines) value += '\n';
    internal::MountedVolume::put(folder_.path() / path, lines);
  }

 private:
  const tls::internal::TemporaryFolder folder_;
};

RealApiServer server;
Files files;

}  // namespace
}  // namespace marty::kubernetes

namespace marty::secrets::contract {
INSTANTIATE_TEST_SUITE_P(Kubernetes, StoreContract, testing::Values(&kubernetes::server, &kubernetes::files), name_of);
INSTANTIATE_TEST_SUITE_P(Kubernetes, StoreOutageContract, testing::Values(&kubernetes::server), name_of);
}  // namespace marty::secrets::contract

namespace marty::kubernetes {
namespace {

class RealApiServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = server.missing(); !reason.empty()) GTEST_SKIP() << reason;
  }
  static void with_store(const std::function<void(secrets::Store&)>& test) {
    runtime::World::real({.loops = 1})->run([&] {
      server.put("shop/database", {{"password", "hunter2"}});
      const auto store = server.store();
      test(*store);
    });
  }
  static std::string read(secrets::Store& store) { return secrets::internal::read(store, "shop/database#password"); }
  // What is read as soon as it begins so: the server learns of roles a moment later, and remembers tokens for seconds.
  static std::string read_until(secrets::Store& store, std::string_view beginning) {
    const runtime::TimePoint end = runtime::now() + std::chrono::seconds(30);
    std::string said = read(store);
    while (!said.starts_with(beginning) && runtime::now() < end) {
      runtime::sleep_for(std::chrono::milliseconds(20));
      said = read(store);
    }
    return said;
  }
};

TEST_F(RealApiServerTest, tells_versions_apart) {
  with_store([](secrets::Store& store) {
    const secrets::Key key = secrets::Key::parse("shop/database#password");
    const std::string before = store.get(key)->version;
    server.put("shop/database", {{"password", "hunter3"}});
    EXPECT_FALSE(before.empty());
    EXPECT_NE(store.get(key)->version, before);
    store.check();
  });
}

TEST_F(RealApiServerTest, gives_bytes_as_they_are) {
  with_store([](secrets::Store& store) {
    const std::string line = "a longer text of several lines\nwith \"quotes\" and \xE2\x82\xAC\n";
    server.put("shop/database", {{"password", line}});
    EXPECT_EQ(read(store), line);
  });
}

TEST_F(RealApiServerTest, says_which_permission_is_missing) {
  with_store([](secrets::Store& store) {
    server.call("forbid");
    std::string said = read(store);
    while (said == "hunter2") said = read(store);  // the server learns it a moment later
    EXPECT_THAT(
        said, testing::AllOf(testing::StartsWith("permission_denied: kubernetes: GET /api/v1/namespaces/shop/secrets/"),
                             testing::HasSubstr("cannot get resource \"secrets\""),
                             testing::HasSubstr("resources [\"secrets\"], verbs [\"get\"]")));
    server.call("allow");
    EXPECT_EQ(read_until(store, "hunter2"), "hunter2");
  });
}

TEST_F(RealApiServerTest, uses_the_token_that_its_file_has_now) {
  with_store([](secrets::Store& store) {
    EXPECT_EQ(read(store), "hunter2");
    server.call("revoke_tokens");
    EXPECT_THAT(read_until(store, "unauthenticated"), testing::StartsWith("unauthenticated: kubernetes: "));
    server.call("rotate_token");
    EXPECT_EQ(read_until(store, "hunter2"), "hunter2");
  });
}

TEST_F(RealApiServerTest, is_unavailable_while_it_does_not_answer) {
  with_store([](secrets::Store& store) {
    EXPECT_EQ(read(store), "hunter2");
    Options options = server.options();
    options.timeout = std::chrono::milliseconds(200);
    const auto hasty = kubernetes::store(options);
    server.call("freeze");
    EXPECT_THAT(read_until(*hasty, "unavailable"), testing::StartsWith("unavailable: kubernetes: "));
    server.call("thaw");
    EXPECT_EQ(read_until(store, "hunter2"), "hunter2");
  });
}

TEST_F(RealApiServerTest, is_not_trusted_without_its_authority) {
  with_store([](secrets::Store&) {
    const tls::internal::TestPki other("Another CA");
    Options options = server.options();
    options.ca_file = other.ca;
    const auto store = kubernetes::store(options);
    EXPECT_THAT(read(*store), testing::StartsWith("unavailable: kubernetes: "));
  });
}

}  // namespace
}  // namespace marty::kubernetes
