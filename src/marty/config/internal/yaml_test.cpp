#include "marty/config/internal/yaml.hpp"

#include <gtest/gtest.h>

#include "marty/config/internal/merge.hpp"

namespace marty::config::internal {
namespace {

std::string read(std::string_view text, const YamlLimits& limits = {}) {
  const auto node = parse_yaml(text, "f.yaml", limits);
  return node ? describe(*node) : node.error();
}

TEST(Yaml, reads_maps_lists_and_scalars) {
  EXPECT_EQ(read("a: 1\nb: [1, two]\nc:\n  d: 'q'\ne: ~\n"), "{a: 1, b: [1, two], c: {d: \"q\"}, e: nothing}");
  EXPECT_EQ(read(""), "nothing");
  EXPECT_EQ(read("# only a comment\n"), "nothing");
  EXPECT_EQ(read("---\na: 1\n...\n"), "{a: 1}");
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a: 1"),
            "{a: 1}");
}

TEST(Yaml, remembers_the_line_of_every_value) {
  const auto node = parse_yaml("a: 1\n\nb:\n  - x\n  - y\n", "f.yaml");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->find("a")->origin.text(), "f.yaml:1");
  EXPECT_EQ(node->find("b")->items[1].origin.text(), "f.yaml:5");
}

TEST(Yaml, keeps_block_texts_as_they_are) {
  EXPECT_EQ(parse_yaml("a: |\n  x\n  y\n", "f")->find("a")->scalar, "x\ny\n");
  EXPECT_EQ(parse_yaml("a: |-\n  x", "f")->find("a")->scalar, "x");
  EXPECT_EQ(parse_yaml("a: >\n  x\n  y\n", "f")->find("a")->scalar, "x y\n");
}

TEST(Yaml, tells_quoted_texts_from_plain_ones) {
  const auto node = parse_yaml("a: null\nb: 'null'\nc: \"\"\n", "f");
  EXPECT_EQ(node->find("a")->kind, Node::Kind::null);
  EXPECT_TRUE(node->find("b")->kind == Node::Kind::scalar && node->find("b")->quoted);
  EXPECT_TRUE(node->find("c")->kind == Node::Kind::scalar && node->find("c")->scalar.empty());
}

TEST(Yaml, refuses_with_the_line) {
  EXPECT_EQ(read("a: 1\na: 2\n"), "f.yaml:2: the key 'a' stands here a second time (first on line 1)");
  EXPECT_EQ(read("a:\n\tb: 1\n"),
            "f.yaml:2: not valid YAML: illegal map value (the line is indented with a tab: use spaces)");
  EXPECT_EQ(read("a: 1\n  b: 2\n"), "f.yaml:2: not valid YAML: illegal map value");
  EXPECT_EQ(read("a: !!int 3\n"),
            "f.yaml:1: the tag tag:yaml.org,2002:int is not supported: types come from the settings themselves");
  EXPECT_EQ(read("? [a]\n: 1\n"), "f.yaml:1: a key must be a text");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n"), "f.yaml: more than one document (---)");
  EXPECT_EQ(read("a: \xFF"), "f.yaml: not UTF-8");
  EXPECT_EQ(read("a: 1\nb:\n  <<: {c: 1}\n"),
            "f.yaml:3: merge keys (<<) are not supported: put what is shared into base.yaml");
  for (const std::string_view text : {"a: {b: 1\n", "a: \"x\n", "a: 'x", "a: @x\n", "a: *nope\n",
                                      "%YAML 9.9\n---\na: 1\n", "a: b: c", "]", "a: \"\\q\""}) {
    EXPECT_THAT(read(text), testing::StartsWith("f.yaml:")) << text;
  }
}

TEST(Yaml, copies_what_an_alias_stands_for) {
  EXPECT_EQ(read("a: &shared {x: 1}\nb: *shared\n"), "{a: {x: 1}, b: {x: 1}}");
  EXPECT_EQ(read("a: &x {b: *x}\n"), "f.yaml:1: an alias must not stand inside of what it refers to");
}

TEST(Yaml, stops_a_billion_laughs) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(read(text), testing::EndsWith("more than 100000 values (aliases count as what they stand for)"));
}

TEST(Yaml, stops_at_its_limits) {
  EXPECT_EQ(read("a: 1", {.max_bytes = 3}), "f.yaml: larger than 3 bytes");
  EXPECT_EQ(read("[[[1]]]", {.max_depth = 2}), "f.yaml:1: nested deeper than 2 levels");
  EXPECT_THAT(read(std::string(100'000, '[')), testing::StartsWith("f.yaml:1: "));
  EXPECT_THAT(read(std::string(100'000, '{')), testing::StartsWith("f.yaml:1: "));
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(read(nested), testing::StartsWith("f.yaml:"));
}

TEST(Merge, goes_by_key_and_replaces_lists) {
  const auto merged = [](std::string_view base, std::string_view layer) {
    Node node = *parse_yaml(base, "base");
    merge(node, *parse_yaml(layer, "layer"));
    return describe(node);
  };
  EXPECT_EQ(merged("a: {x: 1, y: 2}", "a: {y: 3, z: 4}"), "{a: {x: 1, y: 3, z: 4}}");
  EXPECT_EQ(merged("a: [1, 2]", "a: [3]"), "{a: [3]}");
  EXPECT_EQ(merged("a: 1", "a: {x: 1}"), "{a: {x: 1}}");
  EXPECT_EQ(merged("a: {x: 1}", "a: 1"), "{a: 1}");
  EXPECT_EQ(merged("a: {x: 1}", "a:"), "{a: {x: 1}}") << "an empty section says nothing";
  EXPECT_EQ(merged("a: 1", "a: ~"), "{a: nothing}");
}

}  // namespace
}  // namespace marty::config::internal
