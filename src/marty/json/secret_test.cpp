// A Secret in a struct is read and never written.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/base/secret.hpp"
#include "marty/json/json.hpp"
#include "marty/json/schema.hpp"

namespace marty::json {
namespace {

struct Login {
  std::string user;
  Secret password;
  std::optional<Secret> second_factor;
};

TEST(SecretField, is_read_and_required) {
  const auto login = parse<Login>(R"({"user": "ann", "password": "hunter2"})");
  EXPECT_EQ(login.password.reveal(), "hunter2");
  EXPECT_FALSE(login.second_factor);
  EXPECT_THROW(parse<Login>(R"({"user": "ann"})"), Error);
}

TEST(SecretField, is_left_out_of_replies) {
  const Login login{"ann", Secret("hunter2"), Secret("123456")};
  EXPECT_EQ(to_string(login, View::response), R"({"user":"ann"})");
}

TEST(SecretField, cannot_be_written_in_another_view) {
  const Login login{"ann", Secret("hunter2"), std::nullopt};
  try {
    to_string(login);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_EQ(error.message().find("hunter2"), std::string::npos);
  }
}

TEST(SecretField, is_write_only_in_the_schema) {
  const Value field = schema<Login>().at("/$defs/Login/properties/password");
  EXPECT_TRUE(field["writeOnly"].as_boolean());
  EXPECT_EQ(field["format"].as_string(), "password");
}

}  // namespace
}  // namespace marty::json
