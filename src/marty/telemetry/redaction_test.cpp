#include "marty/telemetry/redaction.hpp"

#include <gtest/gtest.h>

namespace marty::telemetry {
namespace {

TEST(Redaction, knows_sensitive_names_by_their_words) {
  for (const char* name : {"password",
                           "db_password",
                           "userPassword",
                           "PASSWORD",
                           "passwd",
                           "pwd",
                           "passphrase",
                           "client-secret",
                           "secrets",
                           "token",
                           "accessToken",
                           "X-Auth-Token",
                           "http.request.header.authorization",
                           "Set-Cookie",
                           "cookies",
                           "credential",
                           "aws.credentials",
                           "api_key",
                           "apiKey",
                           "APIKey",
                           "XApiKey",
                           "apikey",
                           "x-api-key",
                           "private_key",
                           "privateKey",
                           "privatekey",
                           "access key",
                           "JWTToken",
                           "dbpassword",
                           "accesstoken",
                           "csrftokens",
                           "accesskey",
                           "my_jwt",
                           "detoken",
                           "__token__"})
    EXPECT_TRUE(is_sensitive(name)) << name;
  EXPECT_TRUE(is_sensitive(std::string(129, 'x'))) << "too long to be looked through";
}

TEST(Redaction, leaves_names_that_only_look_alike) {
  for (const char* name : {"", "_", "passwordless", "tokenizer", "tokenise", "secretary", "cookiecutter", "authorized",
                           "api", "key", "key_api", "keys", "private", "pass", "order_id", "tokenss", "jwtless"})
    EXPECT_FALSE(is_sensitive(name)) << name;
  EXPECT_FALSE(is_sensitive(std::string(128, 'x')));
}

TEST(Redaction, takes_further_names) {
  const std::vector<std::string> more = {"iban", "card-number"};
  const Redaction redaction(more);
  for (const char* name : {"iban", "userIban", "ibans", "card_number", "cardNumber", "old.card.number", "token"})
    EXPECT_TRUE(redaction.is_sensitive(name)) << name;
  for (const char* name : {"card", "number", "number_card", "ibanez"})
    EXPECT_FALSE(redaction.is_sensitive(name)) << name;
}

TEST(Redaction, hides_values_of_a_query_and_leaves_the_rest_as_it_is) {
  EXPECT_EQ(redacted_query(""), "");
  EXPECT_EQ(redacted_query("q=caf%C3%A9&page=2&&flag&x="), "q=caf%C3%A9&page=2&&flag&x=");
  EXPECT_EQ(redacted_query("q=a&token=abc&page=2"), "q=a&token=[redacted]&page=2");
  EXPECT_EQ(redacted_query("api_key=a=b=c"), "api_key=[redacted]");
  EXPECT_EQ(redacted_query("token=&token&password=x&"), "token=&token&password=[redacted]&");
}

TEST(Redaction, sees_through_what_a_query_makes_of_names) {
  for (const char* name : {"pass%77ord", "api%5Fkey", "user[password]", "user%5Bpassword%5D", "access+token",
                           "auth:token", "AWSAccessKeyId", "sig", "Signature", "X-Goog-Signature"})
    EXPECT_EQ(redacted_query(std::string(name) + "=v"), std::string(name) + "=[redacted]") << name;
  for (const char* name : {"design", "signal", "passwordless", "%", "%7", "%zz", "Signatures-of"})
    EXPECT_EQ(redacted_query(std::string(name) + "=v"), std::string(name) + "=v") << name;
}

}  // namespace
}  // namespace marty::telemetry
