// YAML 1.2.2, section 10.3.2: the regular expressions of the core schema.
#include "marty/config/internal/core_schema.hpp"

#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"

namespace marty::config::internal {
namespace {

template <class T>
std::string read(std::string_view text) {
  T value{};
  const reflect::Type& type = reflect::type_of<T>();
  if (std::string problem = read_scalar(type, text, &value); !problem.empty()) return problem;
  return core_value(text, false).to_string();
}

TEST(CoreSchema, has_three_spellings_of_a_boolean) {
  for (const char* text : {"true", "True", "TRUE"}) EXPECT_EQ(read<bool>(text), "true");
  for (const char* text : {"false", "False", "FALSE"}) EXPECT_EQ(read<bool>(text), "false");
  for (const char* text : {"tRUE", "yes", "on", "1", ""}) EXPECT_EQ(read<bool>(text), "must be true or false") << text;
}

TEST(CoreSchema, has_integers_of_three_bases) {
  EXPECT_EQ(read<int>("0x1F90"), "8080");
  EXPECT_EQ(read<int>("0o17"), "15");
  EXPECT_EQ(read<int>("+80"), "80");
  EXPECT_EQ(read<int>("-019"), "-19");
  EXPECT_EQ(read<int>("007"), "7");
  EXPECT_EQ(read<int>("00"), "0");
  for (const char* text : {"0x", "0o8", "-0x1", "0b1", "1_000", "+", "5.", "++1", "0x1G", "0xFFFFFFFFFFFFFFFFF"})
    EXPECT_EQ(read<int>(text), "must be an integer from -2147483648 to 2147483647") << text;
}

TEST(CoreSchema, has_numbers_without_a_digit_before_or_behind_the_point) {
  EXPECT_EQ(read<double>(".5"), "0.5");
  EXPECT_EQ(read<double>("+.5e+1"), "5");
  EXPECT_EQ(read<double>("-5."), "-5");
  EXPECT_EQ(read<double>("5.e1"), "50");
  EXPECT_EQ(read<double>("0x10"), "16");
  for (const char* text : {".", "-.", ".e1", "1e", ".inf", "-.INF", ".nan", "e1", "1.2.3"})
    EXPECT_EQ(read<double>(text), "must be a number") << text;
}

struct Server {
  bool docs = false;
  int http_port = 1;
  double ratio = 1;
  std::string version;
  json::Value free;
  static constexpr auto rules =
      marty::rules(marty::field<&Server::version>.optional(), marty::field<&Server::free>.optional());
};

TEST(CoreSchema, counts_in_files_and_in_variables) {
  Tree tree = parse("server: {docs: True, http_port: 0x1F90, version: 0x10, free: [TRUE, 0o17, +.5, '0x1', Yes]}", "f",
                    {{"MARTY_SERVER__RATIO", ".5"}});
  const auto server = tree.bind<Server>("server");
  tree.finish();
  EXPECT_TRUE(server.docs);
  EXPECT_EQ(server.http_port, 8080);
  EXPECT_EQ(server.ratio, 0.5);
  EXPECT_EQ(server.version, "0x10") << "a text is as it is written";
  EXPECT_EQ(server.free.to_string(), R"([true,15,0.5,"0x1","Yes"])");
}

// YAML 1.2 is meant to hold JSON (section 1.2), and there pairs of surrogates are one character (RFC 8259, section 7).
TEST(CoreSchema, reads_the_escapes_of_json) {
  const auto read_text = [](std::string_view yaml) {
    Tree tree = parse(yaml, "f");
    std::string text = tree.bind<Server>("server").version;
    tree.finish();
    return text;
  };
  EXPECT_EQ(read_text(R"({"server": {"version": "\ud83d\ude00 \uD83D\uDE01 \u00e4 \\ud83d \/"}})"),
            "\U0001F600 \U0001F601 \u00e4 \\ud83d /");
  EXPECT_EQ(read_text("server: {version: '\\ud83d\\ude00'} # \"\\ud83d\\ude00\"\n"), "\\ud83d\\ude00");
  EXPECT_THROW(read_text(R"({"server": {"version": "\ud83d alone"}})"), Error);
}

struct Lists {
  std::vector<std::string> texts = {};
};

TEST(CoreSchema, quotes_hold_commas_in_a_list_of_a_variable) {
  const auto read_list = [](const char* text) {
    Tree tree = parse("", "f", {{"MARTY_LISTS__TEXTS", text}});
    const std::vector<std::string> texts = tree.bind<Lists>("lists").texts;
    tree.finish();
    return texts;
  };
  EXPECT_EQ(read_list("\"a,b\",c"), (std::vector<std::string>{"a,b", "c"}));
  EXPECT_EQ(read_list("a, 'it''s, so'"), (std::vector<std::string>{"a", "it's, so"}));
  EXPECT_EQ(read_list("5\" disk, b"), (std::vector<std::string>{"5\" disk", "b"}));
  EXPECT_THROW(read_list("\"a,b"), Error);
}

}  // namespace
}  // namespace marty::config::internal
