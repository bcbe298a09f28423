#include "marty/config/internal/node.hpp"

#include <gtest/gtest.h>

namespace marty::config::internal {
namespace {

TEST(Confidential, are_settings_with_a_sensitive_word_anywhere_in_their_name) {
  for (const char* name : {"password", "dbpassword", "DB_PASSWORD", "accessToken", "tokens_file", "api-key", "apikey",
                           "jwt", "jwtkey", "authorization", "cookie", "session_cookie", "pwd", "ftppwdfile"})
    EXPECT_TRUE(is_confidential(name)) << name;
  for (const char* name : {"", "port", "key", "pass", "author", "api", "access"}) EXPECT_FALSE(is_confidential(name));
}

}  // namespace
}  // namespace marty::config::internal
