// Secret Manager as a server that the test scripts: every status, and replies that no server should send.
#include "gcp/gcp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gcp/internal/scripted_gcp.hpp"
#include "marty/config/config.hpp"

namespace marty::gcp {
namespace {

using internal::crc32c;
using internal::is_read;
using internal::kValue;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedGcp;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using internal::token;
using secrets::internal::read;
using secrets::internal::tells_nothing_of;
using testing::HasSubstr;
using testing::StartsWith;

// Secret Manager that answers as `answer` says, and a metadata server that always gives a token.
struct Manager {
  ScriptedAnswer answer = secret();
  ScriptedGcp gcp{[this](const SeenRequest& request) { return is_read(request) ? answer : token("tOkEn"); }};
  std::unique_ptr<secrets::Store> store = gcp::store(gcp.options());
};

TEST(Crc32c, agrees_with_the_vectors_of_the_rfc) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(ScriptedSecretManager, is_asked_for_the_latest_version_with_the_token) {
  simulate([] {
    Manager manager;
    const auto found = manager.store->get(secrets::Key::parse("shop/db"));
    EXPECT_EQ(found->value.reveal(), kValue);
    EXPECT_EQ(found->version, "3");
    const SeenRequest& request = manager.gcp.seen.back();
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/v1/projects/shop-123/secrets/shop--db/versions/latest:access");
    EXPECT_EQ(request.header("authorization"), "Bearer tOkEn");
  });
}

TEST(ScriptedSecretManager, is_asked_for_names_that_it_can_have) {
  simulate([] {
    Manager manager;
    read(*manager.store, "Shop/e-u/data_base.url");
    EXPECT_THAT(manager.gcp.seen.back().target, HasSubstr("/secrets/Shop--e-u--data_base-url/versions"));
    EXPECT_EQ(read(*manager.store, std::string(255, 'a')), kValue);
    EXPECT_THAT(read(*manager.store, std::string(256, 'a')), AllOf(StartsWith("invalid_argument: "), HasSubstr("255")));
  });
}

TEST(ScriptedSecretManager, gives_bytes_as_they_are) {
  simulate([] {
    Manager manager;
    manager.answer = secret(std::string_view("\x00\x01\xFF", 3));
    EXPECT_EQ(read(*manager.store), std::string("\x00\x01\xFF", 3));
    manager.answer = {200, R"({"name":"projects/7/secrets/s/versions/1","payload":{"dataCrc32c":"0"}})"};
    EXPECT_EQ(read(*manager.store), "");
  });
}

TEST(ScriptedSecretManager, answers_become_the_errors_of_a_store) {
  simulate([] {
    Manager manager;
    const auto expect = [&](ScriptedAnswer given, const auto& matcher) {
      manager.answer = std::move(given);
      EXPECT_THAT(read(*manager.store), matcher) << manager.answer.body;
    };
    expect(refusal(404, "NOT_FOUND"), "(nothing)");
    expect({404, "<html>no such page"}, StartsWith("unavailable: "));
    expect(refusal(403, "PERMISSION_DENIED"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("secretmanager.versions.access")));
    expect(refusal(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "other.permission"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("needed is other.permission")));
    expect(refusal(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("SERVICE_DISABLED")));
    expect(refusal(400, "FAILED_PRECONDITION"), AllOf(StartsWith("permission_denied: "), HasSubstr("disabled")));
    expect(refusal(400, "INVALID_ARGUMENT"), StartsWith("invalid_argument: "));
    expect(refusal(401, "UNAUTHENTICATED"), StartsWith("unauthenticated: "));
    expect(refusal(429, "RESOURCE_EXHAUSTED"), StartsWith("unavailable: "));
    expect(refusal(503, "UNAVAILABLE"), StartsWith("unavailable: "));
    expect({500, ""}, StartsWith("unavailable: "));
    expect({302, ""}, StartsWith("unavailable: "));
  });
}

TEST(ScriptedSecretManager, errors_name_store_secret_project_and_endpoint) {
  simulate([] {
    Manager manager;
    manager.answer = refusal(403, "PERMISSION_DENIED");
    EXPECT_THAT(read(*manager.store),
                StartsWith("permission_denied: gcp_secret_manager: cannot read shop/db of the project shop-123: " +
                           manager.gcp.endpoint() + " answers 403 PERMISSION_DENIED"));
  });
}

TEST(ScriptedSecretManager, a_payload_with_another_checksum_is_not_taken) {
  simulate([] {
    Manager manager;
    manager.answer = {200, R"({"name":"n/1","payload":{"data":"aHVudGVyMg==","dataCrc32c":"1"}})"};
    EXPECT_THAT(read(*manager.store), AllOf(StartsWith("unavailable: "), HasSubstr("checksum")));
    manager.answer = {200, R"({"name":"n/1","payload":{"data":"aHVudGVyMg=="}})"};
    EXPECT_EQ(read(*manager.store), kValue) << "none was given";
  });
}

TEST(ScriptedSecretManager, replies_that_are_none_are_an_outage_and_are_not_quoted) {
  simulate([] {
    Manager manager;
    const std::string value(kValue);
    for (const ScriptedAnswer& given :
         std::vector<ScriptedAnswer>{{200, ""},
                                     {200, value},
                                     {200, "[\"" + value + "\"]"},
                                     {200, R"({"name":"n/1","payload":{"data":"hunter2 is no base64"}})"},
                                     {200, R"({"name":"n/1","payload":{"data":"aHVud)"},
                                     {200, R"({"name":"n/1","payload":{"data":"aHVud)", true},
                                     {200, R"({"name":"n/1","payload":{"data":")" + std::string(2 << 20, 'x') + "\"}}"},
                                     {500, value},
                                     {500, R"({"error":{"status":"it is )" + value + "\"}}"}}) {
      manager.answer = given;
      EXPECT_THAT(read(*manager.store), AllOf(StartsWith("unavailable: "), tells_nothing_of({value, "aHVud", "tOkEn"})))
          << given.body;
    }
  });
}

TEST(ScriptedSecretManager, is_unavailable_where_it_does_not_answer_in_time_or_at_all) {
  simulate([] {
    ScriptedGcp gcp([](const SeenRequest& request) {
      if (is_read(request)) runtime::sleep_for(std::chrono::hours(1));
      return is_read(request) ? secret() : token("t");
    });
    Options options = gcp.options();
    const auto slow = store(options);
    EXPECT_THAT(read(*slow), AllOf(StartsWith("unavailable: gcp_secret_manager: "), HasSubstr("in time")));
    {
      const runtime::DeadlineScope scope(std::chrono::seconds(1));
      EXPECT_THAT(read(*slow), StartsWith("deadline_exceeded: "));
    }
    options.endpoint = "http://127.0.0.1:1";
    const auto absent = store(options);
    EXPECT_THAT(read(*absent), StartsWith("unavailable: gcp_secret_manager: cannot read shop/db: http://127.0.0.1:1"));
    EXPECT_THROW(absent->check(), Error);
  });
}

TEST(ScriptedSecretManager, is_well_where_it_answers_about_a_secret_that_is_not_there) {
  simulate([] {
    Manager manager;
    for (const ScriptedAnswer& fine :
         {refusal(404, "NOT_FOUND"), refusal(403, "PERMISSION_DENIED"),
          refusal(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "secretmanager.versions.access")}) {
      manager.answer = fine;
      EXPECT_NO_THROW(manager.store->check());
    }
    for (const ScriptedAnswer& bad :
         {refusal(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), refusal(401, "UNAUTHENTICATED"),
          refusal(429, "RESOURCE_EXHAUSTED"), ScriptedAnswer{404, "no such page"}}) {
      manager.answer = bad;
      EXPECT_THROW(manager.store->check(), Error) << bad.body;
    }
  });
}

TEST(GcpOptions, need_a_project) {
  runtime::SimulatedWorld().run([] {
    EXPECT_THROW(store({}), Error);
    EXPECT_THROW(store({.project = "Not/One"}), Error);
    EXPECT_THROW(store({.project = "p", .endpoint = "secretmanager.googleapis.com"}), Error);
    EXPECT_NO_THROW(store({}, {{"GOOGLE_CLOUD_PROJECT", "shop-123"}}));
  });
}

TEST(GcpOptions, are_of_hosts_that_may_be_asked) {
  runtime::SimulatedWorld().run([] {
    const auto refused = [](Options options) {
      options.project = "shop-123";
      try {
        store(options);
      } catch (const Error& error) {
        return error.fields().front().pointer;
      }
      return std::string("nothing");
    };
    EXPECT_EQ(refused({.endpoint = "http://elsewhere"}), "/endpoint");
    EXPECT_EQ(refused({.token_uri = "http://elsewhere"}), "/token_uri");
    EXPECT_EQ(refused({.metadata_host = "elsewhere"}), "/metadata_host");
    EXPECT_EQ(refused({.metadata_host = "169.254.169.254"}), "nothing");
    EXPECT_EQ(refused({.endpoint = "http://elsewhere", .metadata_host = "elsewhere", .insecure = true}), "nothing");
  });
}

TEST(GcpOptions, of_the_environment_and_the_key_file_are_checked_too) {
  runtime::SimulatedWorld().run([] {
    const auto refused = [](const config::Variables& variables) {
      try {
        store({}, variables);
      } catch (const Error& error) {
        return std::string(code_info(error.code()).name) + ": " + error.message();
      }
      return std::string("nothing");
    };
    EXPECT_THAT(refused({{"GOOGLE_CLOUD_PROJECT", "a/../b"}}),
                StartsWith("invalid_argument: gcp_secret_manager: GOOGLE_CLOUD_PROJECT must "));
    config::Variables variables = {{"GOOGLE_CLOUD_PROJECT", "shop-123"}, {"GCE_METADATA_HOST", "elsewhere"}};
    EXPECT_THAT(refused(variables),
                StartsWith("invalid_argument: gcp_secret_manager: GCE_METADATA_HOST is plain HTTP"));
    variables["GCE_METADATA_HOST"] = "metadata.google.internal:80";
    EXPECT_EQ(refused(variables), "nothing");
    json::Value key = internal::key_file_of(internal::test_key().pem(), "https://oauth2.googleapis.com/token");
    key["project_id"] = "a/../b";
    const secrets::internal::TokenFile file(key.to_string());
    EXPECT_THAT(refused({{"GOOGLE_APPLICATION_CREDENTIALS", file.path}}),
                StartsWith("invalid_argument: gcp_secret_manager: the project_id of the key file must "));
  });
}

TEST(GcpOptions, come_from_the_configuration) {
  config::Tree tree =
      config::parse("secrets: {gcp_secret_manager: {project: shop-123, key_file: /run/key.json, timeout: 2s}}");
  const auto options = tree.bind<Options>("secrets.gcp_secret_manager");
  tree.finish();
  EXPECT_EQ(options.project, "shop-123");
  EXPECT_EQ(options.timeout, config::Duration(std::chrono::seconds(2)));
}

}  // namespace
}  // namespace marty::gcp
