// Where tokens come from, with a token endpoint and a metadata server that the test scripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gcp/gcp.hpp"
#include "gcp/internal/scripted_gcp.hpp"

namespace marty::gcp {
namespace {

using internal::is_read;
using internal::key_file_of;
using internal::part_of;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedGcp;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using internal::test_key;
using internal::TestKey;
using internal::token;
using secrets::internal::read;
using secrets::internal::read_at_once;
using secrets::internal::tells_nothing_of;
using secrets::internal::TokenFile;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

std::string bearer(const SeenRequest& request) { return request.header("authorization"); }

std::string key_file() { return key_file_of(test_key().pem(), "https://oauth2.googleapis.com/token").to_string(); }

TEST(ScriptedTokenEndpoint, gets_an_assertion_that_the_key_has_signed_once_for_all_fibers) {
  simulate([] {
    const TokenFile file(key_file());
    ScriptedGcp gcp([](const SeenRequest& request) { return is_read(request) ? secret() : token("t1"); });
    const auto store = gcp::store(gcp.with_key_file(file));
    EXPECT_THAT(read_at_once(*store, 10), Each("hunter2"));
    ASSERT_EQ(gcp.seen.size(), 11u);
    const SeenRequest& login = gcp.seen.front();
    const std::string start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    ASSERT_THAT(login.body, StartsWith(start));
    EXPECT_EQ(login.header("content-type"), "application/x-www-form-urlencoded");
    const std::string assertion = login.body.substr(start.size());
    EXPECT_TRUE(test_key().verifies(assertion));
    EXPECT_EQ(part_of(assertion, 0), json::Value::parse(R"({"alg":"RS256","typ":"JWT","kid":"key-1"})"));
    const json::Value expected = json::Value::object({{"iss", "reader@shop-123.iam.gserviceaccount.com"},
                                                      {"scope", "https://www.googleapis.com/auth/cloud-platform"},
                                                      {"aud", gcp.token_uri()},
                                                      {"iat", 1767225600},
                                                      {"exp", 1767229200}});
    EXPECT_EQ(part_of(assertion, 1), expected);
    EXPECT_EQ(bearer(gcp.seen.back()), "Bearer t1");
  });
}

TEST(ScriptedTokenEndpoint, is_asked_again_before_the_token_expires) {
  simulate([] {
    const TokenFile file(key_file());
    int logins = 0;
    ScriptedGcp gcp([&](const SeenRequest& request) {
      return is_read(request) ? secret() : token("t" + std::to_string(++logins), 3600);
    });
    const auto store = gcp::store(gcp.with_key_file(file));
    read(*store);
    runtime::sleep_for(std::chrono::minutes(54));
    read(*store);
    EXPECT_EQ(bearer(gcp.seen.back()), "Bearer t1");
    runtime::sleep_for(std::chrono::minutes(2));
    read(*store);
    EXPECT_EQ(bearer(gcp.seen.back()), "Bearer t2");
  });
}

TEST(ScriptedTokenEndpoint, is_asked_once_more_where_the_token_is_not_taken) {
  simulate([] {
    const TokenFile file(key_file());
    int logins = 0;
    ScriptedGcp gcp([&](const SeenRequest& request) {
      if (!is_read(request)) return token("t" + std::to_string(++logins));
      return bearer(request) == "Bearer t1" ? refusal(401, "UNAUTHENTICATED") : secret();
    });
    EXPECT_EQ(read(*store(gcp.with_key_file(file))), "hunter2");
    EXPECT_EQ(logins, 2);
  });
}

TEST(ScriptedTokenEndpoint, that_refuses_is_not_asked_again_at_once) {
  simulate([] {
    const TokenFile file(key_file());
    ScriptedGcp gcp([](const SeenRequest&) {
      return ScriptedAnswer{400, R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})"};
    });
    const auto store = gcp::store(gcp.with_key_file(file));
    const std::string said = read(*store);
    EXPECT_THAT(said, AllOf(StartsWith("unauthenticated: gcp_secret_manager: cannot log in as reader@shop-123"),
                            HasSubstr("400 invalid_grant"), HasSubstr("here it is 2026-01-01T00:00:00")));
    EXPECT_EQ(read(*store), said);
    EXPECT_THROW(store->check(), Error);
    EXPECT_EQ(gcp.seen.size(), 1u);
    runtime::sleep_for(std::chrono::seconds(6));
    read(*store);
    EXPECT_EQ(gcp.seen.size(), 2u);
  });
}

TEST(ScriptedTokenEndpoint, may_be_out_of_order) {
  simulate([] {
    const TokenFile file(key_file());
    ScriptedAnswer answer;
    ScriptedGcp gcp([&](const SeenRequest&) { return answer; });
    const auto store = gcp::store(gcp.with_key_file(file));
    for (const ScriptedAnswer& given : std::vector<ScriptedAnswer>{
             {503, "busy"}, {429, ""}, {200, "junk"}, {200, "{}"}, {200, R"({"access_token":"t)", true}}) {
      answer = given;
      EXPECT_THAT(read(*store), StartsWith("unavailable: ")) << given.body;
    }
    answer = token("a\\nb");
    EXPECT_THAT(read(*store), AllOf(StartsWith("invalid_argument: "), tells_nothing_of({"a\nb"})));
  });
}

TEST(KeyFile, gives_the_project_where_nobody_else_does) {
  simulate([] {
    const TokenFile file(key_file());
    ScriptedGcp gcp([](const SeenRequest& request) { return is_read(request) ? secret() : token("t1"); });
    Options options = gcp.options();
    options.project.reset();
    options.token_uri = gcp.token_uri();
    EXPECT_EQ(read(*store(options, {{"GOOGLE_APPLICATION_CREDENTIALS", file.path}})), "hunter2");
    EXPECT_THAT(gcp.seen.back().target, StartsWith("/v1/projects/shop-123/"));
  });
}

TEST(KeyFile, that_is_none_is_refused_without_quoting_it) {
  simulate([] {
    const std::string pem = test_key().pem();
    const auto refused = [](const json::Value& content) {
      const TokenFile file(content.is_string() ? content.as_string() : content.to_string());
      try {
        store({.project = "p", .key_file = file.path});
      } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("gcp_secret_manager"));
        return error.message();
      }
      return std::string("nothing");
    };
    const json::Value good = key_file_of(pem, "https://oauth2.googleapis.com/token");
    EXPECT_EQ(refused(good), "nothing");
    EXPECT_THAT(refused("hunter2"), AllOf(HasSubstr("is no JSON object"), tells_nothing_of({"hunter2"})));
    const auto with = [&](std::string_view name, const json::Value& value) {
      json::Value changed = good;
      changed[name] = value;
      return refused(changed);
    };
    EXPECT_THAT(with("type", "authorized_user"), HasSubstr("service_account"));
    EXPECT_THAT(with("client_email", ""), HasSubstr("client_email"));
    EXPECT_THAT(with("token_uri", "http://127.0.0.1/"), HasSubstr("token_uri"));
    for (const std::string& key : {std::string(), pem.substr(0, 200), TestKey(1024).pem(), std::string("hunter2")})
      EXPECT_THAT(with("private_key", key), AllOf(HasSubstr("private_key"), tells_nothing_of({"hunter2", "BEGIN"})));
    EXPECT_THROW(store({.project = "p", .key_file = "/nowhere/key.json"}), Error);
  });
}

TEST(ScriptedMetadata, gives_tokens_of_the_machine) {
  simulate([] {
    ScriptedGcp gcp([](const SeenRequest& request) {
      if (is_read(request)) return secret();
      return request.header("metadata-flavor") == "Google" ? token("t1", 600) : ScriptedAnswer{403, ""};
    });
    const auto store = gcp::store(gcp.options());
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(gcp.seen.front().target, "/computeMetadata/v1/instance/service-accounts/default/token");
    runtime::sleep_for(std::chrono::minutes(9));
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(gcp.seen.size(), 4u);
  });
}

TEST(ScriptedMetadata, is_believed_only_where_it_says_that_it_is_google) {
  simulate([] {
    ScriptedAnswer answer = token("t1");
    answer.headers.clear();
    ScriptedGcp gcp([&](const SeenRequest&) { return answer; });
    EXPECT_THAT(read(*store(gcp.options())), AllOf(StartsWith("unavailable: "), HasSubstr("not the metadata server")));
  });
}

TEST(ScriptedMetadata, may_be_missing) {
  simulate([] {
    const Options options{.project = "p", .metadata_host = "127.0.0.1:1"};
    EXPECT_THAT(read(*store(options)),
                AllOf(StartsWith("unavailable: gcp_secret_manager: has no key file"), HasSubstr("http://127.0.0.1:1")));
  });
}

}  // namespace
}  // namespace marty::gcp
