// What must not be shown, in errors and in explanations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"

namespace marty::config {
namespace {

TEST(Problems, hide_confidential_values_wherever_they_stand) {
  struct Holder {
    std::map<std::string, int> weights;
    int count = 0;
    std::string list;
  };
  const auto said = [](std::string_view yaml) {
    Tree tree = parse(yaml);
    static_cast<void>(tree.bind<Holder>("server"));
    try {
      tree.finish();
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("nothing");
  };
  for (const std::string_view yaml :
       {"server: {weights: {api_key: hunter2}}", "server: {count: {DbPassword: hunter2}}",
        "server: {list: [{credentials: hunter2}]}", "server: {count: 'postgres://ann:hunter2@db/shop'}"}) {
    EXPECT_THAT(said(yaml), testing::AllOf(testing::HasSubstr("server."), testing::HasSubstr("not shown"),
                                           testing::Not(testing::HasSubstr("hunter2"))));
  }
  EXPECT_THAT(said("server: {count: 'postgres://db:1/shop@2'}"), testing::HasSubstr("postgres://db:1/shop@2"));
}

TEST(Explain, shows_no_secrets) {
  Tree tree = parse("database:\n  admin_password: hunter2\n  url: a://b:hunter2@c\n", "f.yaml",
                    {{"MARTY_DATABASE__ADMIN_PASSWORD", "hunter3"}});
  const std::vector<Layer> expected = {{"f.yaml:2", "(not shown)"}, {"MARTY_DATABASE__ADMIN_PASSWORD", "(not shown)"}};
  EXPECT_EQ(tree.explain("database.admin_password"), expected);
  EXPECT_EQ(tree.explain("database").at(0).value, "{admin_password: (not shown), url: a://b:(not shown)@c}");
}

}  // namespace
}  // namespace marty::config
