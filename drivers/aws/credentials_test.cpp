// Where credentials come from, with STS, a container agent and instance metadata that the test scripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/aws.hpp"
#include "aws/internal/scripted_aws.hpp"

namespace marty::aws {
namespace {

using internal::read;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedAws;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using secrets::internal::read_at_once;
using secrets::internal::TokenFile;
using testing::HasSubstr;
using testing::StartsWith;

bool is_read(const SeenRequest& request) { return request.header("x-amz-target") != ""; }

// Whose key a request is signed with.
std::string signer(const SeenRequest& request) {
  const std::string proof = request.header("authorization");
  const std::size_t start = proof.find("Credential=") + 11;
  return proof.substr(start, proof.find('/', start) - start);
}

std::string sts_credentials(const std::string& id, const std::string& expiration) {
  return R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">)"
         "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>" +
         id +
         "</AccessKeyId><SecretAccessKey>s/+1</SecretAccessKey><SessionToken>tok&amp;en</SessionToken><Expiration>" +
         expiration +
         "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
}

std::string json_credentials(const std::string& id, const std::string& expiration) {
  return R"({"Code":"Success","AccessKeyId":")" + id + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
         expiration + "\"}";
}

Options with_web_identity(const ScriptedAws& aws, const TokenFile& file) {
  Options options = aws.options();
  options.role_arn = "arn:aws:iam::123456789012:role/reader";
  options.web_identity_token_file = file.path;
  return options;
}

TEST(ScriptedCredentials, of_the_options_come_first_then_those_of_the_environment) {
  simulate([] {
    ScriptedAws aws([](const SeenRequest&) { return secret(); });
    const config::Variables variables = {{"AWS_ACCESS_KEY_ID", "AKENV"},
                                         {"AWS_SECRET_ACCESS_KEY", "s"},
                                         {"AWS_SESSION_TOKEN", "t"},
                                         {"AWS_ROLE_ARN", "arn"},
                                         {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}};
    read(*store(aws.with_keys(), variables));
    EXPECT_EQ(signer(aws.seen.back()), "AKIDEXAMPLE");
    read(*store(aws.options(), variables));
    EXPECT_EQ(signer(aws.seen.back()), "AKENV");
    EXPECT_EQ(aws.seen.back().header("x-amz-security-token"), "t");
  });
}

TEST(ScriptedCredentials, by_half_are_refused) {
  EXPECT_THROW(store({.region = "eu-west-1"}, {{"AWS_ACCESS_KEY_ID", "AKENV"}}), Error);
}

TEST(ScriptedSts, exchanges_a_web_identity_once_for_all_fibers) {
  simulate([] {
    const TokenFile file("eyJ0.e+/=\n");
    ScriptedAws aws([](const SeenRequest& request) {
      return is_read(request) ? secret() : ScriptedAnswer{200, sts_credentials("ASIA1", "2026-01-01T01:00:00Z")};
    });
    const auto store = aws::store(with_web_identity(aws, file));
    EXPECT_THAT(read_at_once(*store, 10), testing::Each("hunter2"));
    ASSERT_EQ(aws.seen.size(), 11u);
    EXPECT_EQ(aws.seen.front().body,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F"
              "reader&RoleSessionName=marty&WebIdentityToken=eyJ0.e%2B%2F%3D");
    EXPECT_EQ(signer(aws.seen.back()), "ASIA1");
    EXPECT_EQ(aws.seen.back().header("x-amz-security-token"), "tok&en");
  });
}

TEST(ScriptedSts, is_asked_again_before_the_credentials_expire_and_with_the_token_of_then) {
  simulate([] {
    const TokenFile file("first");
    ScriptedAws aws([](const SeenRequest& request) {
      if (is_read(request)) return secret();
      const bool is_first = request.body.ends_with("first");
      return ScriptedAnswer{200, is_first ? sts_credentials("ASIA1", "2026-01-01T01:00:00Z")
                                          : sts_credentials("ASIA2", "2026-01-01T02:00:00Z")};
    });
    const auto store = aws::store(with_web_identity(aws, file));
    read(*store);
    file.write("second");
    runtime::sleep_for(std::chrono::minutes(50));
    read(*store);
    EXPECT_EQ(signer(aws.seen.back()), "ASIA1");
    runtime::sleep_for(std::chrono::minutes(6));
    read(*store);
    EXPECT_EQ(signer(aws.seen.back()), "ASIA2");
  });
}

TEST(ScriptedSts, is_asked_once_more_where_credentials_have_expired_early) {
  simulate([] {
    const TokenFile file("token");
    int exchanges = 0;
    ScriptedAws aws([&](const SeenRequest& request) {
      if (!is_read(request))
        return ScriptedAnswer{200, sts_credentials("ASIA" + std::to_string(++exchanges), "2026-01-01T01:00:00Z")};
      return signer(request) == "ASIA1" ? refusal(400, "ExpiredTokenException") : secret();
    });
    EXPECT_EQ(read(*aws::store(with_web_identity(aws, file))), "hunter2");
    EXPECT_EQ(exchanges, 2);
  });
}

TEST(ScriptedSts, that_refuses_is_not_asked_again_at_once) {
  simulate([] {
    const TokenFile file("tOkEn");
    ScriptedAws aws([](const SeenRequest&) {
      return ScriptedAnswer{400,
                            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>tOkEn is "
                            "bad</Message></Error></ErrorResponse>"};
    });
    const auto store = aws::store(with_web_identity(aws, file));
    const std::string said = read(*store);
    EXPECT_THAT(said, AllOf(StartsWith("unauthenticated: aws_secrets_manager: "), HasSubstr(aws.endpoint()),
                            HasSubstr("InvalidIdentityToken"), Not(HasSubstr("tOkEn"))));
    EXPECT_EQ(read(*store), said);
    EXPECT_THROW(store->check(), Error);
    EXPECT_EQ(aws.seen.size(), 1u);
    runtime::sleep_for(std::chrono::seconds(6));
    EXPECT_EQ(read(*store), said);
    EXPECT_EQ(aws.seen.size(), 2u);
  });
}

TEST(ScriptedSts, is_told_the_name_of_the_session) {
  simulate([] {
    const TokenFile file("token");
    ScriptedAws aws([](const SeenRequest& request) {
      return is_read(request) ? secret() : ScriptedAnswer{200, sts_credentials("ASIA1", "2026-01-01T01:00:00Z")};
    });
    EXPECT_EQ(read(*aws::store(with_web_identity(aws, file), {{"AWS_ROLE_SESSION_NAME", "orders"}})), "hunter2");
    EXPECT_THAT(aws.seen.front().body, HasSubstr("&RoleSessionName=orders&"));
  });
}

TEST(ScriptedSts, may_be_out_of_order) {
  simulate([] {
    const TokenFile file("token");
    ScriptedAnswer answer;
    ScriptedAws aws([&](const SeenRequest&) { return answer; });
    const auto store = aws::store(with_web_identity(aws, file));
    for (const ScriptedAnswer& given : std::vector<ScriptedAnswer>{
             {503, "busy"},
             {400, "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>"},
             {200, "junk"},
             {200, sts_credentials("", "2026-01-01T01:00:00Z")}}) {
      answer = given;
      EXPECT_THAT(read(*store), StartsWith("unavailable: ")) << given.body;
    }
  });
}

TEST(ScriptedSts, needs_the_file_of_the_token) {
  simulate([] {
    ScriptedAws aws([](const SeenRequest&) { return secret(); });
    Options options = aws.options();
    options.role_arn = "arn:aws:iam::123456789012:role/reader";
    options.web_identity_token_file = "/nowhere/token";
    EXPECT_THAT(read(*store(options)), AllOf(StartsWith("unauthenticated: "), HasSubstr("/nowhere/token")));
  });
}

TEST(ScriptedContainer, is_asked_with_its_token) {
  http::internal::run_in(http::internal::WorldKind::real, [] {  // where the server is at the loopback
    const TokenFile file("agent-token\n");
    ScriptedAws aws([](const SeenRequest& request) {
      return is_read(request) ? secret() : ScriptedAnswer{200, json_credentials("ASIAC", "2026-01-01T01:00:00Z")};
    });
    config::Variables variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.endpoint() + "/v1/credentials?id=7"},
                                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "in-place"}};
    EXPECT_EQ(read(*store(aws.options(), variables)), "hunter2");
    EXPECT_EQ(aws.seen.front().target, "/v1/credentials?id=7");
    EXPECT_EQ(aws.seen.front().header("authorization"), "in-place");
    EXPECT_EQ(signer(aws.seen.back()), "ASIAC");
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file.path;
    aws.seen.clear();
    EXPECT_EQ(read(*store(aws.options(), variables)), "hunter2");
    EXPECT_EQ(aws.seen.front().header("authorization"), "agent-token");
  });
}

TEST(ScriptedContainer, is_not_asked_over_an_open_wire) {
  for (const std::string url : {"http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "x",
                                "http://127.0.0.1:80@example.com/"}) {
    EXPECT_THROW(store({.region = "eu-west-1"}, {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}), Error) << url;
  }
  EXPECT_THROW(store({.region = "eu-west-1"}, {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".example.com/"}}), Error);
  for (const std::string url : {"https://example.com/", "http://[fd00:ec2::23]/v1", "http://169.254.170.23:80/v1"}) {
    EXPECT_NO_THROW(store({.region = "eu-west-1"}, {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}})) << url;
  }
}

TEST(ScriptedInstance, gives_credentials_for_a_session_of_version2) {
  simulate([] {
    int given = 0;
    ScriptedAws aws([&](const SeenRequest& request) -> ScriptedAnswer {
      if (is_read(request)) return secret();
      if (request.target == "/latest/api/token")
        return request.method == "PUT" ? ScriptedAnswer{200, "session"} : ScriptedAnswer{405, ""};
      if (request.header("x-aws-ec2-metadata-token") != "session") return {401, ""};
      if (request.target == "/latest/meta-data/iam/security-credentials/") return {200, "reader"};
      return {200, json_credentials("ASIAI" + std::to_string(++given), "2026-01-01T06:00:00Z")};
    });
    const auto store = aws::store(aws.options());
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(signer(aws.seen.back()), "ASIAI1");
    EXPECT_EQ(aws.seen.front().header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    EXPECT_EQ(aws.count("/latest/meta-data/iam/security-credentials/reader"), 1);
    runtime::sleep_for(std::chrono::hours(7));  // and from then on those that have expired are the only ones
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(signer(aws.seen.back()), "ASIAI2");
  });
}

TEST(ScriptedInstance, may_have_no_role) {
  simulate([] {
    ScriptedAws aws([&](const SeenRequest& request) {
      return request.method == "PUT" ? ScriptedAnswer{200, "session"} : ScriptedAnswer{404, ""};
    });
    EXPECT_THAT(read(*store(aws.options())), AllOf(StartsWith("unauthenticated: "), HasSubstr("role")));
  });
}

TEST(ScriptedInstance, may_be_no_instance_of_aws) {
  simulate([] {
    const Options options{.region = "eu-west-1", .metadata_endpoint = "http://127.0.0.1:1"};
    EXPECT_THAT(read(*store(options)),
                AllOf(StartsWith("unavailable: aws_secrets_manager: has no credentials in its options"),
                      HasSubstr("http://127.0.0.1:1")));
    EXPECT_THROW(store({.region = "eu-west-1"}, {{"AWS_EC2_METADATA_DISABLED", "true"}}), Error);
  });
}

}  // namespace
}  // namespace marty::aws
