#include "aws/signature_v4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"

namespace marty::aws {
namespace {

// The example that runs through "Create a signed AWS API request" of the documentation.
TEST(SignatureV4, agrees_with_the_example_of_the_documentation) {
  const SignedRequest request{.method = "GET",
                              .path = "/",
                              .query = "Action=ListUsers&Version=2010-05-08",
                              .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                                          {"Host", "iam.amazonaws.com"},
                                          {"X-Amz-Date", "20150830T123600Z"}},
                              .body = ""};
  const Credentials credentials{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}};
  EXPECT_EQ(authorization(request, credentials, {"us-east-1", "iam"}),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

// The expected value comes from botocore 1.43.11.
TEST(SignatureV4, signs_get_secret_value_as_another_implementation_does) {
  const SignedRequest request{.method = "POST",
                              .path = "/",
                              .query = "",
                              .headers = {{"content-type", "application/x-amz-json-1.1"},
                                          {"host", "secretsmanager.eu-west-1.amazonaws.com"},
                                          {"x-amz-date", "20260131T083000Z"},
                                          {"x-amz-security-token", "session//token=="},
                                          {"x-amz-target", "secretsmanager.GetSecretValue"}},
                              .body = R"({"SecretId":"shop/database"})"};
  const Credentials credentials{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}};
  EXPECT_THAT(authorization(request, credentials, {"eu-west-1", "secretsmanager"}),
              testing::EndsWith("Signature=38127cd2a786ddc52767e1bbba3ce7a9fb478c492876c2a9a3688ec3ae5a9442"));
}

// So do these.
TEST(SignatureV4, puts_paths_queries_and_headers_in_order_as_another_implementation_does) {
  const Credentials credentials{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}};
  const auto signature = [&](const SignedRequest& request) {
    const std::string proof = authorization(request, credentials, {"eu-west-1", "service"});
    return proof.substr(proof.rfind('=') + 1);
  };
  EXPECT_EQ(
      signature(
          {.method = "GET",
           .path = "/a/./b/../c%20d/",
           .query = "b=2&a=1&a=0&empty",
           .headers = {{"My-Header", "  a   b  "}, {"Host", "service.example.com"}, {"X-Amz-Date", "20260131T083000Z"}},
           .body = ""}),
      "07eefd97e671bdb54a7486be6db77caf6c6c5437aea2d60389eb257219b12076");
  EXPECT_EQ(signature({.method = "PUT",
                       .path = "//x//y~z",
                       .query = "",
                       .headers = {{"Content-Type", "text/plain"},
                                   {"Host", "service.example.com"},
                                   {"X-Amz-Date", "20260131T083000Z"}},
                       .body = std::string_view("\x00\xFF", 2)}),
            "8ffac30303a89873cf9b0d6b7f18ee02fcbdb4267a09c79608b221128e09371c");
}

TEST(SignatureV4, writes_the_time_in_seconds) {
  EXPECT_EQ(amz_date(*parse_timestamp("2026-01-31T09:30:00.123456+01:00")), "20260131T083000Z");
}

TEST(SignatureV4, wants_a_date) {
  EXPECT_THROW(authorization({.method = "GET", .path = "/", .query = "", .headers = {}, .body = ""}, {}, {}), Error);
}

}  // namespace
}  // namespace marty::aws
