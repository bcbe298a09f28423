#include "marty/config/internal/expand.hpp"

#include <gtest/gtest.h>

namespace marty::config::internal {
namespace {

std::string expanded(std::string_view text) {
  const Variables variables = {{"HOST", "db"}, {"PORT", "5432"}, {"EMPTY", ""}, {"TRICKY", "${HOST}"}};
  const auto result = expand(text, variables);
  return result ? *result : "error: " + result.error();
}

TEST(Expand, replaces_references_wherever_they_stand) {
  EXPECT_EQ(expanded("plain $ text } {"), "plain $ text } {");
  EXPECT_EQ(expanded("${HOST}"), "db");
  EXPECT_EQ(expanded("postgres://${HOST}:${PORT}/pets"), "postgres://db:5432/pets");
}

TEST(Expand, takes_the_default_when_the_variable_is_missing_or_empty) {
  EXPECT_EQ(expanded("${NOPE:-here}"), "here");
  EXPECT_EQ(expanded("${EMPTY:-here}"), "here");
  EXPECT_EQ(expanded("${NOPE:-}"), "");
  EXPECT_EQ(expanded("${HOST:-here}"), "db");
  EXPECT_EQ(expanded("[${EMPTY}]"), "[]");
}

TEST(Expand, nests_in_defaults) {
  EXPECT_EQ(expanded("${NOPE:-${HOST}:${PORT}}!"), "db:5432!");
  EXPECT_EQ(expanded("${NOPE:-${NEITHER:-deep}}"), "deep");
  EXPECT_EQ(expanded("${HOST:-${NEITHER}}-"), "db-") << "a default that is not needed may name what is not there";
}

TEST(Expand, does_not_expand_what_a_variable_holds) { EXPECT_EQ(expanded("${TRICKY}"), "${HOST}"); }

TEST(Expand, writes_a_plain_brace_for_two_dollars) { EXPECT_EQ(expanded("$${HOST} ${HOST}"), "${HOST} db"); }

TEST(Expand, says_what_is_wrong) {
  EXPECT_EQ(expanded("${NOPE}"), "error: needs the environment variable NOPE, which is not set");
  EXPECT_EQ(expanded("${HOST"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${NOPE:-x"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${HOST:-x"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${SECRET:database/password}"),
            "error: is a secret reference (${SECRET:...}), and no secret backend is part of this program");
  for (const std::string_view text : {"${}", "${:-x}", "${A B}", "${1A}", "${HOST:?x}", "${HOST:x}"}) {
    EXPECT_EQ(expanded(text),
              "error: has a malformed reference: write ${NAME}, ${NAME:-default}, or $${ for a plain ${")
        << text;
  }
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "${NOPE:-";
  EXPECT_EQ(expanded(deep), "error: nests more than 16 references");
}

}  // namespace
}  // namespace marty::config::internal
