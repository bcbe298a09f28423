// Secrets Manager as a server that the test scripts: every status, and replies that no server should send.
#include "aws/aws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/internal/scripted_aws.hpp"
#include "marty/config/config.hpp"

namespace marty::aws {
namespace {

using internal::kSecretKey;
using internal::kSessionToken;
using internal::kValue;
using internal::read;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedAws;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using secrets::internal::tells_nothing_of;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ScriptedAws, is_asked_for_the_current_version_by_a_signed_request) {
  simulate([] {
    ScriptedAws aws([](const SeenRequest&) { return secret(); });
    const auto store = aws::store(aws.with_keys());
    const auto found = store->get(secrets::Key::parse("shop/db"));
    EXPECT_EQ(found->value.reveal(), kValue);
    EXPECT_EQ(found->version, "v-1");
    ASSERT_EQ(aws.seen.size(), 1u);
    const SeenRequest& request = aws.seen.front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.body, R"({"SecretId":"shop/db"})");
    EXPECT_EQ(request.header("x-amz-target"), "secretsmanager.GetSecretValue");
    EXPECT_EQ(request.header("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(request.header("x-amz-security-token"), kSessionToken);
    EXPECT_EQ(request.header("x-amz-date"), "20260101T000000Z");
    EXPECT_EQ("http://" + request.header("host"), aws.endpoint());
    EXPECT_THAT(request.header("authorization"),
                StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/secretsmanager/aws4_request, "
                           "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"));
  });
}

TEST(ScriptedAws, gives_bytes_as_they_are) {
  simulate([] {
    std::string body = R"({"SecretBinary":"AAH/"})";
    ScriptedAws aws([&](const SeenRequest&) { return ScriptedAnswer{200, body}; });
    const auto store = aws::store(aws.with_keys());
    EXPECT_EQ(read(*store), std::string("\x00\x01\xff", 3));
    body = R"({"SecretBinary":"no base64"})";
    EXPECT_THAT(read(*store), StartsWith("unavailable"));
    body = R"({"SecretString":""})";
    EXPECT_EQ(read(*store), "");
  });
}

TEST(ScriptedAws, answers_become_the_errors_of_a_store) {
  simulate([] {
    ScriptedAnswer answer;
    ScriptedAws aws([&](const SeenRequest&) { return answer; });
    const auto store = aws::store(aws.with_keys());
    const auto expect = [&](ScriptedAnswer given, const auto& matcher) {
      answer = std::move(given);
      EXPECT_THAT(read(*store), matcher) << answer.body;
    };
    expect(refusal(400, "ResourceNotFoundException"), "(nothing)");
    expect(refusal(400, "com.amazonaws.secretsmanager#ResourceNotFoundException"), "(nothing)");
    expect(refusal(400, "InvalidRequestException", "the secret because it was marked for deletion."), "(nothing)");
    expect(refusal(400, "InvalidRequestException", "something else"), StartsWith("invalid_argument: "));
    expect(refusal(400, "InvalidParameterException"), StartsWith("invalid_argument: "));
    expect(refusal(400, "AccessDeniedException"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("secretsmanager:GetSecretValue")));
    expect(refusal(400, "DecryptionFailure"), AllOf(StartsWith("permission_denied: "), HasSubstr("kms:Decrypt")));
    expect(refusal(400, "UnrecognizedClientException"), StartsWith("unauthenticated: "));
    expect(refusal(403, "InvalidSignatureException"),
           AllOf(StartsWith("unauthenticated: "), HasSubstr("here it is 20260101T000000Z, there ")));
    expect(refusal(403, "RequestTimeTooSkewed"), AllOf(StartsWith("unauthenticated: "), HasSubstr("clocks")));
    expect(refusal(400, "ThrottlingException"), StartsWith("unavailable: "));
    expect(refusal(500, "InternalServiceError"), StartsWith("unavailable: "));
    expect({503, "<html>"}, StartsWith("unavailable: "));
    expect({429, ""}, StartsWith("unavailable: "));
    expect({403, ""}, StartsWith("permission_denied: "));
    expect({302, ""}, StartsWith("unavailable: "));
  });
}

TEST(ScriptedAws, errors_name_store_secret_and_endpoint) {
  simulate([] {
    ScriptedAws aws([](const SeenRequest&) { return refusal(400, "AccessDeniedException"); });
    EXPECT_THAT(read(*aws::store(aws.with_keys())),
                StartsWith("permission_denied: aws_secrets_manager: cannot read shop/db: " + aws.endpoint() +
                           " answers 400 AccessDeniedException"));
  });
}

TEST(ScriptedAws, replies_that_are_none_are_an_outage_and_are_not_quoted) {
  simulate([] {
    ScriptedAnswer answer;
    ScriptedAws aws([&](const SeenRequest&) { return answer; });
    const auto store = aws::store(aws.with_keys());
    const std::string value(kValue);
    for (const ScriptedAnswer& given :
         std::vector<ScriptedAnswer>{{200, ""},
                                     {200, value},
                                     {200, "[\"" + value + "\"]"},
                                     {200, R"({"SecretString":{"password":")" + value + "\"}}"},
                                     {200, R"({"SecretString":")" + value},
                                     {200, R"({"SecretString":")" + value, true},
                                     {200, R"({"SecretString":")" + std::string(2 << 20, 'x') + value + "\"}"},
                                     {500, "the secret is " + value + " and the key " + std::string(kSecretKey)},
                                     {400, R"({"__type":"the )" + value + R"( of ann"})"},
                                     {400, "", false, {{"x-amzn-errortype", "the value " + value}}}}) {
      answer = given;
      const std::string said = read(*store);
      EXPECT_THAT(said, AnyOf(StartsWith("unavailable: "), StartsWith("invalid_argument: "))) << given.body;
      EXPECT_THAT(said, tells_nothing_of({value, std::string(kSecretKey), std::string(kSessionToken)}));
    }
  });
}

TEST(ScriptedAws, a_cut_reply_is_asked_for_once_more) {
  simulate([] {
    int asked = 0;
    ScriptedAws aws([&](const SeenRequest&) { return ++asked == 1 ? ScriptedAnswer{200, "{", true} : secret(); });
    EXPECT_EQ(read(*aws::store(aws.with_keys())), kValue);
  });
}

TEST(ScriptedAws, is_unavailable_where_it_does_not_answer_in_time) {
  simulate([] {
    ScriptedAws aws([](const SeenRequest&) {
      runtime::sleep_for(std::chrono::hours(1));
      return secret();
    });
    const auto store = aws::store(aws.with_keys());
    const auto start = runtime::now();
    EXPECT_THAT(read(*store), AllOf(StartsWith("unavailable: aws_secrets_manager: "), HasSubstr("in time")));
    EXPECT_LT(runtime::now() - start, std::chrono::seconds(11));
    const runtime::DeadlineScope scope(std::chrono::seconds(1));
    EXPECT_THAT(read(*store), StartsWith("deadline_exceeded: "));
  });
}

TEST(ScriptedAws, is_unavailable_where_nobody_listens) {
  simulate([] {
    Options options{.region = "eu-west-1", .endpoint = "http://127.0.0.1:1"};
    options.access_key_id = "AKIDEXAMPLE";
    options.secret_access_key = Secret(kSecretKey);
    const auto store = aws::store(options);
    EXPECT_THAT(read(*store), StartsWith("unavailable: aws_secrets_manager: cannot read shop/db: http://127.0.0.1:1"));
    EXPECT_THROW(store->check(), Error);
  });
}

TEST(ScriptedAws, is_well_where_it_answers_about_a_secret_that_is_not_there) {
  simulate([] {
    ScriptedAnswer answer;
    ScriptedAws aws([&](const SeenRequest&) { return answer; });
    const auto store = aws::store(aws.with_keys());
    for (const auto* fine : {"ResourceNotFoundException", "AccessDeniedException"}) {
      answer = refusal(400, fine);
      EXPECT_NO_THROW(store->check());
    }
    for (const auto* not_fine : {"InvalidSignatureException", "ThrottlingException", "UnrecognizedClientException"}) {
      answer = refusal(400, not_fine);
      EXPECT_THROW(store->check(), Error);
    }
  });
}

TEST(AwsOptions, go_together) {
  const auto refused = [](Options options) {
    try {
      store(std::move(options), {{"AWS_REGION", "eu-west-1"}});
    } catch (const Error& error) {
      return error.fields().empty() ? "" : error.fields().front().pointer;
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused({}), "nothing");
  EXPECT_EQ(refused({.access_key_id = "AKID"}), "/secret_access_key");
  EXPECT_EQ(refused({.session_token = Secret("t")}), "/session_token");
  EXPECT_EQ(refused({.role_arn = "arn:aws:iam::123456789012:role/x"}), "/web_identity_token_file");
  EXPECT_EQ(refused({.region = "Frankfurt!"}), "/region");
  EXPECT_EQ(refused({.endpoint = "http://aws"}), "/endpoint");
  EXPECT_EQ(refused({.sts_endpoint = "http://aws"}), "/sts_endpoint");
  EXPECT_EQ(refused({.metadata_endpoint = "http://aws"}), "/metadata_endpoint");
  EXPECT_EQ(refused({.metadata_endpoint = "http://[fd00:ec2::254]"}), "nothing");
  EXPECT_EQ(refused({.endpoint = "http://aws", .insecure = true}), "nothing");
}

TEST(AwsOptions, of_the_environment_are_checked_too) {
  const auto refused = [](const config::Variables& variables) {
    try {
      store({}, variables);
    } catch (const Error& error) {
      return std::string(code_info(error.code()).name) + ": " + error.message();
    }
    return std::string("nothing");
  };
  for (const std::string name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    EXPECT_THAT(refused({{name, "x.elsewhere.com/"}}),
                StartsWith("invalid_argument: aws_secrets_manager: " + name + " must "));
  EXPECT_THAT(refused({{"AWS_REGION", "eu-west-1"}, {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://elsewhere"}}),
              StartsWith("invalid_argument: aws_secrets_manager: AWS_EC2_METADATA_SERVICE_ENDPOINT is plain HTTP"));
}

TEST(AwsOptions, need_a_region) {
  EXPECT_THROW(store({}), Error);
  EXPECT_NO_THROW(store({}, {{"AWS_DEFAULT_REGION", "eu-west-1"}}));
}

TEST(AwsOptions, come_from_the_configuration) {
  config::Tree tree = config::parse(
      "secrets: {aws_secrets_manager: {region: eu-west-1, access_key_id: AKID, secret_access_key: hunter2, timeout: "
      "2s}}");
  const auto options = tree.bind<Options>("secrets.aws_secrets_manager");
  tree.finish();
  EXPECT_EQ(options.secret_access_key->reveal(), "hunter2");
  EXPECT_EQ(options.timeout, config::Duration(std::chrono::seconds(2)));
}

}  // namespace
}  // namespace marty::aws
