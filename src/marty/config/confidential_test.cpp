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

struct Account {
  std::string name;
  Secret pin;
};
struct Bank {
  std::vector<Account> accounts;
  std::map<std::string, Secret> codes;
  std::vector<std::string> api_tokens;
  std::string links;
  static constexpr auto rules =
      marty::rules(marty::field<&Bank::codes>.optional(), marty::field<&Bank::accounts>.optional(),
                   marty::field<&Bank::api_tokens>.optional().unique(), marty::field<&Bank::links>.optional());
};

struct Loose {
  std::map<std::string, std::string> options;
  std::vector<std::string> list;
  int count = 0;
  std::string text;
  static constexpr auto rules =
      marty::rules(marty::field<&Loose::options>.optional(), marty::field<&Loose::list>.optional(),
                   marty::field<&Loose::text>.optional());
};

// All that a tree tells of the key: problems, settings and layers, to people and to programs.
std::string told(Tree& tree, const std::string& key) {
  std::string all;
  for (const Problem& problem : tree.problems()) all += problem.message + "\n";
  for (const Setting& each : tree.settings()) all += each.key + "=" + each.value + each.exact.to_string() + "\n";
  for (const std::string& asked : {std::string("server"), key}) {
    for (const Layer& layer : tree.explain(asked)) all += layer.value + "\n";
    for (const ExactLayer& layer : tree.explain_exactly(asked)) all += layer.value.to_string() + "\n";
  }
  return all;
}

// What was meant as a section and is none stays one text, whose secrets have no name of their own.
TEST(Show, hides_what_may_be_a_section_with_a_secret_that_could_not_be_read) {
  for (const std::string text : {"{user: ann, password: hunter2", "[{DbPassword: hunter2}",
                                 " { \"api-key\": \"hunter2\"", "{a: {token: hunter2}]", "[access_key: hunter2, {]"}) {
    for (const auto& [variable, key] : std::map<std::string, std::string>{{"MARTY_SERVER__OPTIONS", "server.options"},
                                                                          {"MARTY_SERVER__LIST", "server.list"},
                                                                          {"MARTY_SERVER__COUNT", "server.count"},
                                                                          {"MARTY_SERVER__TEXT", "server.text"}}) {
      Tree tree = parse("server: {text: a}", "f.yaml", {{variable, text}});
      static_cast<void>(tree.bind<Loose>("server"));
      EXPECT_EQ(tree.problems().empty(), key == "server.text") << text << " as " << key;
      EXPECT_THAT(told(tree, key), testing::AllOf(testing::HasSubstr(key + "=(not shown)\"(not shown)\""),
                                                  testing::Not(testing::HasSubstr("hunter2"))))
          << text << " as " << key;
    }
  }
}

TEST(Show, hides_such_a_text_in_a_file_too_and_where_it_is_replaced) {
  Tree tree = parse("server: {text: '{password: hunter2}', count: '[pass'}", "f.yaml", {{"MARTY_SERVER__TEXT", "b"}});
  static_cast<void>(tree.bind<Loose>("server"));
  EXPECT_EQ(tree.explain("server.text").at(0).value, "(not shown)");
  EXPECT_EQ(tree.explain_exactly("server.text").at(0).value, json::Value("(not shown)"));
  EXPECT_EQ(tree.explain("server.count").at(0).value, "\"[pass\"") << "it names nothing confidential";
}

// Whatever the names say: what is bound to a Secret is one, wherever it stands.
TEST(Show, hides_secrets_in_lists_and_maps_and_below_what_is_asked_for) {
  Tree tree = parse(
      "bank:\n  accounts: [{name: ann, pin: 1234}]\n  codes: {front: 5678}\n"
      "  links: 'amqp://u:p1@h1,amqp://u:p2@h2 https://tok3n@host/x db://u:p4/5@h'\n",
      "f.yaml", {{"MARTY_BANK__CODES", "{front: 9012}"}});
  static_cast<void>(tree.bind<Bank>("bank"));
  tree.finish();
  std::string all;
  for (const Setting& setting : tree.settings()) all += setting.key + "=" + setting.value + "\n";
  for (const char* key : {"bank", "bank.accounts", "bank.codes", "bank.codes.front", "bank.links"}) {
    for (const Layer& layer : tree.explain(key)) all += std::string(key) + ": " + layer.value + "\n";
  }
  for (const char* secret : {"1234", "5678", "9012", "p1", "p2", "tok3n", "p4"})
    EXPECT_THAT(all, testing::Not(testing::HasSubstr(secret)));
  EXPECT_THAT(all, testing::HasSubstr("name: ann"));
}

TEST(Problems, hide_secrets_that_a_rule_would_name_and_whole_maps_of_them) {
  const auto said = [](std::string_view yaml) {
    Tree tree = parse(yaml, "f.yaml");
    tree.use_secrets([](std::string_view) { return Secret("hunter2"); });
    static_cast<void>(tree.bind<Bank>("bank"));
    try {
      tree.finish();
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("nothing");
  };
  EXPECT_THAT(
      said("bank: {api_tokens: ['${SECRET:a}', '${SECRET:b}']}"),
      testing::AllOf(testing::HasSubstr("must not hold an item twice"), testing::Not(testing::HasSubstr("hunter2"))));
  for (const char* yaml :
       {"bank: {codes: hunter2}", "bank: {codes: {a: [hunter2]}}", "bank: {accounts: [{name: a, pin: [hunter2]}]}"})
    EXPECT_THAT(said(yaml), testing::AllOf(testing::HasSubstr("bank."), testing::Not(testing::HasSubstr("hunter2"))));
}

struct Anything {
  std::string text;
  std::vector<std::string> list;
  std::map<std::string, std::string> map;
  std::optional<json::Value> any;
  std::vector<Account> accounts;
  static constexpr auto rules =
      marty::rules(marty::field<&Anything::text>.optional(), marty::field<&Anything::list>.optional(),
                   marty::field<&Anything::map>.optional(), marty::field<&Anything::accounts>.optional());
};

// A section that a variable holds, with a mistake in it: a brace, a quote, an anchor that was none.
TEST(BrokenSections, show_no_secret_where_a_word_in_them_or_their_type_says_that_there_is_one) {
  const auto said = [](const std::string& name, const std::string& value) {
    Tree tree = parse("holder: {text: '" + value + "'}", "f.yaml", {{"MARTY_HOLDER" + name, value}});
    std::string all;
    const auto add = [&all, &tree] {
      for (const Setting& each : tree.settings()) all += each.key + ' ' + each.value + each.exact.to_string() + '\n';
      for (const char* key : {"holder", "holder.text", "holder.list", "holder.map", "holder.any", "holder.accounts"}) {
        for (const Layer& layer : tree.explain(key)) all += layer.value + '\n';
        for (const ExactLayer& layer : tree.explain_exactly(key)) all += layer.value.to_string() + '\n';
      }
    };
    add();
    static_cast<void>(tree.bind<Anything>("holder"));
    add();
    for (const Problem& problem : tree.problems()) all += problem.message + '\n';
    return all;
  };
  using testing::HasSubstr;
  using testing::Not;
  for (const char* name : {"__TEXT", "__LIST", "__MAP", "__ANY", "__ACCOUNTS"}) {
    for (const char* value : {"{password: hunter2", "[{api-key: \"hunter2}]", "{token: *hunter2}",
                              "{dbSecret: [hunter2}", "{password: a, hunter2: b, hunter2: c}"}) {
      EXPECT_THAT(said(name, value), testing::AllOf(Not(HasSubstr("hunter2")), HasSubstr("(not shown)")))
          << name << value;
    }
  }
  Tree tree = parse("", "f.yaml", {{"MARTY_BANK__ACCOUNTS", "[{name: ann, pin: 1234"}});
  static_cast<void>(tree.bind<Bank>("bank"));
  EXPECT_EQ(tree.explain("bank.accounts").at(0), (Layer{"MARTY_BANK__ACCOUNTS", "(not shown)"}));
  EXPECT_THAT(said("__LIST", "[{a: 1"), HasSubstr("[{a: 1")) << "what is harmless helps to see the mistake";
}

TEST(BrokenFiles, do_not_repeat_a_password_that_looks_like_an_alias) {
  try {
    static_cast<void>(parse("database: {password: *hunter2}", "f.yaml"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::AllOf(testing::HasSubstr("quote a text that begins with '*'"),
                                                testing::Not(testing::HasSubstr("hunter2"))));
  }
}

}  // namespace
}  // namespace marty::config
