#include "aws/signature_v4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/json/value.hpp"

namespace marty::aws {
namespace {

const auto kFolder = std::filesystem::path(MARTY_SOURCE_DIR) / "../shared/vectors/aws-signature-v4";

std::string content(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// A request of the vectors, as it stands in its file: a line, headers (a line that begins with a space goes on with the
// one before), an empty line, the body.
struct Vector {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;

  explicit Vector(const std::string& text) {
    std::istringstream in(text);
    std::string line;
    std::getline(in, line);
    method = line.substr(0, line.find(' '));
    const std::string target = line.substr(method.size() + 1, line.rfind(' ') - method.size() - 1);
    path = target.substr(0, target.find('?'));
    query = target.size() > path.size() ? target.substr(path.size() + 1) : "";
    while (std::getline(in, line) && !line.empty()) {
      const std::size_t colon = line.find(':');
      if (line.front() == ' ') {
        headers.back().second += "\n" + line;
      } else {
        headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
      }
    }
    std::getline(in, body, '\0');
  }
};

std::string sha256_of_body(const std::string& canonical) { return canonical.substr(canonical.rfind('\n') + 1); }

// One folder of the test suite that AWS publishes with its C libraries.
void check_vector(const std::filesystem::path& folder) {
  const json::Value context = json::Value::parse(content(folder / "context.json"));
  const json::Value& keys = context["credentials"];
  const Credentials credentials{keys["access_key_id"].as_string(), Secret(keys["secret_access_key"].as_string()), {}};
  Vector vector(content(folder / "request.txt"));
  vector.headers.emplace_back("X-Amz-Date", amz_date(*parse_timestamp(context["timestamp"].as_string())));
  const bool signs_token = !context["omit_session_token"].is_boolean() || !context["omit_session_token"].as_boolean();
  if (keys.find("token") != nullptr && signs_token)
    vector.headers.emplace_back("X-Amz-Security-Token", keys["token"].as_string());
  const bool normalize = context["normalize"].as_boolean();
  SignedRequest request{vector.method, vector.path, vector.query, vector.headers, vector.body};
  if (context["sign_body"].as_boolean())
    request.headers.emplace_back("x-amz-content-sha256", sha256_of_body(canonical_request(request)));
  EXPECT_EQ(canonical_request(request, normalize), content(folder / "header-canonical-request.txt"));
  EXPECT_THAT(
      authorization(request, credentials, {context["region"].as_string(), context["service"].as_string()}, normalize),
      testing::EndsWith("Signature=" + content(folder / "header-signature.txt")));
}

TEST(SignatureV4, AgreesWithThePublishedTestSuite) {
  if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "../shared/vectors/aws-signature-v4 is not here";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    SCOPED_TRACE(entry.path().filename().string());
    check_vector(entry.path());
    ++count;
  }
  EXPECT_GT(count, 30);
}

// The example that runs through "Create a signed AWS API request" of the documentation.
TEST(SignatureV4, AgreesWithTheExampleOfTheDocumentation) {
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
TEST(SignatureV4, SignsGetSecretValueAsAnotherImplementationDoes) {
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
TEST(SignatureV4, PutsPathsQueriesAndHeadersInOrderAsAnotherImplementationDoes) {
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

TEST(SignatureV4, WritesTheTimeInSeconds) {
  EXPECT_EQ(amz_date(*parse_timestamp("2026-01-31T09:30:00.123456+01:00")), "20260131T083000Z");
}

TEST(SignatureV4, WantsADate) {
  EXPECT_THROW(authorization({.method = "GET", .path = "/", .query = "", .headers = {}, .body = ""}, {}, {}), Error);
}

}  // namespace
}  // namespace marty::aws
