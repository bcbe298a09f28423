// The store against answers of our own making, and against folders as the kubelet makes them. A real API server is
// asked in kubernetes_contract_test.cpp.
#include "kubernetes/kubernetes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kubernetes/internal/api_store.hpp"
#include "kubernetes/internal/mounted_volume.hpp"
#include "marty/base/encoding.hpp"
#include "marty/config/config.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::kubernetes {
namespace {

using http::internal::error_of;
using http::internal::run_in;
using http::internal::WorldKind;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kSecret = R"({"kind": "Secret", "metadata": {"name": "shop--database", "resourceVersion": "42"},
                                    "data": {"user": "YW5u", "password": "aHVudGVyMg=="}})";

// A server that answers with what a test wants. It is no API server.
class ScriptedApi {
 public:
  ScriptedApi() { set_token("first.token"); }

  int status = 200;
  std::string body = kSecret;
  std::function<void(http::Request&, http::Response&)> answering;
  std::vector<std::string> seen, tokens;

  Options options() const {
    return {.mode = Mode::api,
            .server = "http://" + server_.server.address().to_string(),
            .cluster_namespace = "shop",
            .token_file = token_file(),
            .insecure = true};  // as in the simulated world it is another machine
  }
  void set_token(std::string_view token) { runtime::write_file(token_file(), token, 0600); }
  std::string token_file() const { return (folder_.path() / "token").string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  void stop() { server_.server.drain(std::chrono::seconds(0)); }

 private:
  tls::internal::TemporaryFolder folder_;
  http::internal::TestServer server_{[this](http::Request& request, http::Response& response) {
    seen.emplace_back(request.target);
    tokens.emplace_back(request.header("authorization"));
    response.status = status;
    response.set_body(body, "application/json");
    if (answering) answering(request, response);
  }};
};

std::string read(secrets::Store& store, std::string_view key = "shop/database#password") {
  return secrets::internal::read(store, key);
}

void with_scripted_api(const std::function<void(ScriptedApi&, secrets::Store&)>& test) {
  run_in(WorldKind::simulated, [&] {
    ScriptedApi api;
    const auto store = kubernetes::store(api.options());
    test(api, *store);
  });
}

TEST(ScriptedApi, gives_a_field_with_its_version) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    const auto found = store.get(secrets::Key::parse("shop/database#password"));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->value.reveal(), "hunter2");
    EXPECT_EQ(found->version, "42");
    EXPECT_EQ(store.name(), "kubernetes");
    EXPECT_THAT(api.seen, ElementsAre("/api/v1/namespaces/shop/secrets/shop--database"));
    EXPECT_THAT(api.tokens, ElementsAre("Bearer first.token"));
  });
}

TEST(ScriptedApi, has_nothing_where_the_server_says_so) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.status = 404;
    api.body = R"({"kind": "Status", "reason": "NotFound", "message": "secrets \"shop--database\" not found"})";
    EXPECT_EQ(read(store), "(nothing)");
    api.body = "<html>nginx</html>";
    EXPECT_THAT(read(store), StartsWith("unavailable: kubernetes: "));
  });
}

TEST(ScriptedApi, says_what_each_status_means) {
  const std::pair<int, const char*> cases[] = {
      {400, "invalid_argument"}, {401, "unauthenticated"}, {403, "permission_denied"}, {405, "invalid_argument"},
      {302, "unavailable"},      {408, "unavailable"},     {429, "unavailable"},       {500, "unavailable"},
      {503, "unavailable"},      {504, "unavailable"}};
  for (const auto& [status, code] : cases) {
    with_scripted_api([&](ScriptedApi& api, secrets::Store& store) {
      api.status = status;
      api.body = R"({"kind": "Status", "message": "the words\nof the server"})";
      EXPECT_THAT(read(store), AllOf(StartsWith(std::string(code) +
                                                ": kubernetes: GET /api/v1/namespaces/shop/secrets/shop--database"),
                                     HasSubstr(*api.options().server + " answers " + std::to_string(status)),
                                     HasSubstr("the words of the server")));
    });
  }
}

TEST(ScriptedApi, names_the_role_that_is_missing) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.status = 403;
    api.body = "{}";
    EXPECT_THAT(read(store), HasSubstr("needs a Role in the namespace shop with apiGroups [\"\"], resources "
                                       "[\"secrets\"], verbs [\"get\"]"));
  });
}

TEST(ScriptedApi, is_unavailable_where_the_answer_is_not_that_of_an_api_server) {
  const std::string answers[] = {"",
                                 "<html>hunter2</html>",
                                 "{",
                                 "{}",
                                 R"({"kind": "List", "data": {"password": "aHVudGVyMg=="}})",
                                 R"({"kind": "Secret", "data": {"password": "hunter2, as it is"}})",
                                 R"({"kind": "Secret", "data": {"password": "aHVudGVyMg"}})",
                                 std::string(5 << 20, 'x')};
  for (const std::string& answer : answers) {
    with_scripted_api([&](ScriptedApi& api, secrets::Store& store) {
      api.body = answer;
      EXPECT_THAT(read(store), AllOf(StartsWith("unavailable: kubernetes: "), HasSubstr("shop--database"),
                                     Not(HasSubstr("hunter2"))));
    });
  }
}

TEST(ScriptedApi, is_unavailable_where_the_connection_breaks_or_nothing_comes) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.answering = [](http::Request&, http::Response&) { runtime::sleep_for(std::chrono::minutes(1)); };
    EXPECT_THAT(read(store), StartsWith("unavailable: kubernetes: "));
    {
      const runtime::DeadlineScope scope(std::chrono::seconds(1));
      EXPECT_THAT(read(store), StartsWith("deadline_exceeded: kubernetes: "));
    }
    api.answering = [](http::Request&, http::Response& response) {
      response.begin().write(R"({"kind": )");
      response.fail();
    };
    EXPECT_THAT(read(store), StartsWith("unavailable: kubernetes: "));
    api.stop();
    EXPECT_THAT(read(store), StartsWith("unavailable: kubernetes: "));
    EXPECT_EQ(error_of([&] { store.check(); }).code(), Code::unavailable);
  });
}

TEST(ScriptedApi, has_a_secret_without_fields) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.body = R"({"kind": "Secret", "metadata": {"resourceVersion": "1"}})";
    EXPECT_THAT(read(store), AllOf(StartsWith("invalid_argument: "), HasSubstr("it has none")));
  });
}

TEST(ScriptedApi, is_asked_with_the_token_that_its_file_has_now) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    EXPECT_EQ(read(store), "hunter2");
    api.set_token("second.token\n");
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_THAT(api.tokens, ElementsAre("Bearer first.token", "Bearer second.token"));
    std::filesystem::remove(api.token_file());
    EXPECT_THAT(read(store), AllOf(StartsWith("unauthenticated: kubernetes: cannot log in: token_file: "),
                                   HasSubstr(api.token_file())));
    api.set_token(" \n");
    EXPECT_THAT(read(store), AllOf(StartsWith("unauthenticated: "), HasSubstr("is empty")));
  });
}

TEST(ScriptedApi, is_asked_once_more_where_its_token_was_renewed_meanwhile) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.answering = [&](http::Request& request, http::Response& response) {
      if (request.header("authorization") == "Bearer third.token") return;
      response.status = 401;
      api.set_token(api.tokens.size() == 1 ? "second.token" : "third.token");
    };
    EXPECT_THAT(read(store), StartsWith("unauthenticated: "));  // after one more try, not two
    EXPECT_EQ(api.tokens.size(), 2u);
    EXPECT_EQ(read(store), "hunter2");
    api.answering = [&](http::Request&, http::Response& response) { response.status = 401; };
    api.tokens.clear();
    EXPECT_THAT(read(store), StartsWith("unauthenticated: "));
    EXPECT_EQ(api.tokens.size(), 1u);  // there was no other token
  });
}

TEST(ScriptedApi, is_checked) {
  with_scripted_api([](ScriptedApi& api, secrets::Store& store) {
    api.body = "ok";
    store.check();
    EXPECT_THAT(api.seen, ElementsAre("/readyz"));
    api.status = 500;
    EXPECT_EQ(error_of([&] { store.check(); }).code(), Code::unavailable);
  });
}

TEST(ScriptedApi, is_asked_in_the_namespace_of_the_pod) {
  run_in(WorldKind::simulated, [] {
    ScriptedApi api;
    Options options = api.options();
    options.cluster_namespace.reset();
    options.namespace_file = (api.folder() / "namespace").string();
    const auto store = kubernetes::store(options);
    EXPECT_THAT(read(*store), StartsWith("unauthenticated: kubernetes: cannot log in: namespace_file: "));
    for (const char* wrong : {"a/../b", "a.b", "A", "a b"}) {
      runtime::write_file(options.namespace_file, wrong);
      EXPECT_THAT(read(*store), StartsWith("invalid_argument: kubernetes: "));
    }
    EXPECT_TRUE(api.seen.empty());
    runtime::write_file(options.namespace_file, "team-a\n");
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_THAT(api.seen, ElementsAre("/api/v1/namespaces/team-a/secrets/shop--database"));
  });
}

TEST(ScriptedApi, is_found_by_the_variables_of_the_pod) {
  run_in(WorldKind::simulated, [] {
    ScriptedApi api;
    Options options = api.options();
    options.server.reset();
    const tls::internal::TestPki pki;
    options.ca_file = pki.ca;
    const auto said = [&](const char* host) {
      const auto store =
          kubernetes::store(options, {{"KUBERNETES_SERVICE_HOST", host}, {"KUBERNETES_SERVICE_PORT", "6443"}});
      return read(*store);
    };
    EXPECT_THAT(said("10.96.0.1"), AllOf(StartsWith("unavailable: "), HasSubstr(": https://10.96.0.1:6443 ")));
    EXPECT_THAT(said("fd00::1"), AllOf(StartsWith("unavailable: "), HasSubstr(": https://[fd00::1]:6443 ")));
    EXPECT_THAT(error_of([&] { kubernetes::store(options); }).message(), HasSubstr("secrets.kubernetes.server"));
    EXPECT_THAT(error_of([&] { said("k@elsewhere"); }).message(), HasSubstr("KUBERNETES_SERVICE_HOST"));
    options.ca_file = "none.pem";
    EXPECT_THAT(error_of([&] { said("10.96.0.1"); }).message(), HasSubstr("none.pem"));
  });
}

// Whatever goes wrong, and whatever the server repeats of what it got: nothing of it is told.
TEST(ScriptedApiErrors, hold_no_secret) {
  std::vector<std::string> said;
  for (const int status : {200, 201, 302, 400, 401, 403, 404, 405, 429, 500, 503}) {
    for (const char* kind : {"Status", "Secret", "hunter2"}) {
      with_scripted_api([&](ScriptedApi& api, secrets::Store& store) {
        api.status = status;
        api.body = std::string(R"({"kind": ")") + kind + R"(", "message": "it was Bearer first.token",
                     "data": {"password": "hunter2", "other": "aHVudGVyMg=="}})";
        for (const char* key : {"shop/database", "shop/database#password", "shop/database#none"})
          said.push_back(read(store, key));
        try {
          store.check();
        } catch (const Error& error) {
          said.push_back(error.message() + describe(std::current_exception()));
        }
      });
    }
  }
  EXPECT_GT(said.size(), 100u);
  EXPECT_THAT(said, Each(AllOf(Not(HasSubstr("first.token")), Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVy")))));
}

TEST(SecretName, is_a_dns_name) {
  EXPECT_EQ(internal::secret_name("database"), "database");
  EXPECT_EQ(internal::secret_name("shop/database"), "shop--database");
  EXPECT_EQ(internal::secret_name("shop_eu/data.base-1"), "shop-eu--data.base-1");
  for (const std::string& path :
       {std::string("Shop"), std::string("-shop"), std::string("shop/_"), std::string("a.-b"), std::string("a..b"),
        std::string("../b"), std::string("a?b"), std::string("a#b"), std::string(), std::string(254, 'a')})
    EXPECT_EQ(error_of([&] { internal::secret_name(path); }).code(), Code::invalid_argument) << path;
}

// A plugin may read what is below plugins/ITS NAME/.
TEST(SecretName, of_one_plugin_is_none_of_another) {
  EXPECT_NE(internal::secret_name("plugins/a/b/token"), internal::secret_name("plugins/a-b/token"));
  EXPECT_NE(internal::secret_name("plugins/a/b_token"), internal::secret_name("plugins/a_b/token"));
}

TEST(MountedVolume, gives_the_fields_of_its_secrets) {
  run_in(WorldKind::real, [] {
    const internal::MountedVolume volume("shop/database");
    volume.put({{"user", "ann"}, {"password", "hunter2"}});
    const auto store = kubernetes::store({.directory = volume.directory()});
    EXPECT_EQ(store->name(), "kubernetes");
    EXPECT_EQ(read(*store), "hunter2");
    volume.put({{"password", "hunter3"}});
    EXPECT_EQ(read(*store), "hunter3");
    EXPECT_EQ(read(*store, "shop/none#password"), "(nothing)");
    store->check();
  });
}

TEST(MountedVolume, is_unavailable_where_it_is_not_mounted) {
  run_in(WorldKind::real, [] {
    const internal::MountedVolume volume("shop/database");
    const std::string directory = volume.directory() + "/none";
    const auto unmounted = kubernetes::store({.directory = directory});
    EXPECT_THAT(read(*unmounted),
                AllOf(StartsWith("unavailable: kubernetes: is a volume with secrets mounted? "), HasSubstr(directory)));
    EXPECT_EQ(error_of([&] { unmounted->check(); }).code(), Code::unavailable);
  });
}

TEST(Options, are_checked) {
  const auto refused = [](Options options) {
    return error_of([&] { kubernetes::store(std::move(options)); }).code() == Code::invalid_argument;
  };
  EXPECT_TRUE(refused({.timeout = std::chrono::seconds(0)}));
  for (const char* server : {"kubernetes", "ftp://k", "https://", "https://k/path", "https://u:p@k", "http://k"})
    EXPECT_TRUE(refused({.server = server})) << server;
  EXPECT_FALSE(refused({.server = "http://k", .insecure = true}));
  for (const char* name : {"", "Shop", "a/b", "a.b", "-a"}) EXPECT_TRUE(refused({.cluster_namespace = name})) << name;
}

TEST(Options, come_from_the_configuration) {
  config::Tree tree = config::parse("secrets: {kubernetes: {mode: api, namespace: team, timeout: 2s}}");
  const auto options = tree.bind<Options>("secrets.kubernetes");
  tree.finish();
  EXPECT_EQ(options.mode, Mode::api);
  EXPECT_EQ(options.cluster_namespace, "team");
  EXPECT_EQ(options.timeout, config::Duration(std::chrono::seconds(2)));
}

}  // namespace
}  // namespace marty::kubernetes
