#include "marty/config/internal/expand.hpp"

#include <gtest/gtest.h>

#include "marty/base/error.hpp"

namespace marty::config::internal {
namespace {

std::string expanded(std::string_view text) {
  const Variables variables = {{"HOST", "db"}, {"PORT", "5432"}, {"EMPTY", ""}, {"TRICKY", "${HOST}"}};
  const FindSecret find_secret = [](std::string_view key) -> Secret {
    if (key == "down") throw Error(Code::unavailable, "vault cannot be asked");
    if (key == "db/password") return Secret("hunter2");
    if (key == "tricky") return Secret("${HOST}}");
    throw Error(Code::not_found, "no store has it");
  };
  const auto result = expand(text, variables, find_secret);
  if (!result) return "error: " + result.error();
  return (result->has_secret ? "secret: " : "") + result->text;
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

TEST(Expand, puts_secrets_in_and_says_so) {
  EXPECT_EQ(expanded("${SECRET:db/password}"), "secret: hunter2");
  EXPECT_EQ(expanded("postgres://ann:${SECRET:db/password}@${HOST}"), "secret: postgres://ann:hunter2@db");
  EXPECT_EQ(expanded("${SECRET:${HOST}/password}"), "secret: hunter2") << "a key may hold references";
  EXPECT_EQ(expanded("${NOPE:-${SECRET:db/password}}"), "secret: hunter2");
  EXPECT_EQ(expanded("${SECRET:a:-${HOST}}"), "secret: db") << "what stands in for a secret is one";
  EXPECT_EQ(expanded("${SECRET:db/password:-${NOPE}}"), "secret: hunter2");
  EXPECT_EQ(expanded("${SECRET:a:-${SECRET:db/password}}"), "secret: hunter2");
  EXPECT_EQ(expanded("${SECRET:tricky}"), "secret: ${HOST}}") << "what a secret holds is taken as it is";
  EXPECT_EQ(expanded("$${SECRET:db/password}"), "${SECRET:db/password}");
}

TEST(Expand, writes_a_plain_brace_for_two_dollars) { EXPECT_EQ(expanded("$${HOST} ${HOST}"), "${HOST} db"); }

// A default that is not needed ends where it would end if it were.
TEST(Expand, skips_a_default_by_the_rules_by_which_it_expands_it) {
  EXPECT_EQ(expanded("${HOST:-$${x}"), "db");
  EXPECT_EQ(expanded("${NOPE:-$${x}"), "${x");
  EXPECT_EQ(expanded("${HOST:-$${x} tail}"), "db tail}");
  EXPECT_EQ(expanded("${NOPE:-a $${ b} tail ${PORT:-w} x"), "a ${ b tail 5432 x");
  EXPECT_EQ(expanded("${HOST:-a $${ b} tail ${PORT:-w} x"), "db tail 5432 x");
  EXPECT_EQ(expanded("${SECRET:db/password:-$${x}!"), "secret: hunter2!");
  EXPECT_EQ(expanded("${HOST:-${A B}}"), expanded("${NOPE:-${A B}}")) << "malformed is malformed, needed or not";
  EXPECT_EQ(expanded("${HOST:-${SECRET:none}}"), "db");

  constexpr std::string_view kPieces[] = {"a", "$${", "${NOPE:-", "}", "${HOST}", "$", "{", ":-", "${SECRET:a:-"};
  constexpr std::size_t kCount = std::size(kPieces), kLength = 5;
  for (std::size_t number = 0; number < kCount * kCount * kCount * kCount * kCount; ++number) {
    std::string text;
    for (std::size_t i = 0, rest = number; i < kLength; ++i, rest /= kCount) text += kPieces[rest % kCount];
    const Variables variables = {{"HOST", "db"}, {"SET", "#"}};
    const FindSecret no_secrets = [](std::string_view) -> Secret { throw Error(Code::not_found, "none"); };
    const auto needed = expand("${NOPE:-" + text + "}", variables, no_secrets);
    const auto skipped = expand("${SET:-" + text + "}", variables, no_secrets);
    if (!needed) continue;  // it may name what is not there
    ASSERT_TRUE(skipped) << text;
    ASSERT_TRUE(needed->text.ends_with(skipped->text.substr(1))) << text << ": the same is left behind the default";
  }
}

TEST(Expand, finds_the_defaults_of_secrets) {
  const auto hidden = [](std::string text) { return without_secret_defaults(std::move(text), "?"); };
  EXPECT_EQ(hidden("a ${SECRET:k:-x} b ${SECRET:l:-${V:-y}} ${V:-${SECRET:m:-$${z}}"),
            "a ${SECRET:k:-?} b ${SECRET:l:-?} ${V:-${SECRET:m:-?}}");
  EXPECT_EQ(hidden("${SECRET:k:-$${x} tail"), "${SECRET:k:-?} tail");
  EXPECT_EQ(hidden("$${SECRET:k:-x}"), "$${SECRET:k:-x}") << "that is a text";
  EXPECT_EQ(hidden("${SECRET:k:-x"), "${SECRET:k:-?");
  EXPECT_EQ(hidden("${A B} ${SECRET:k:-x}"), "${A B} ${SECRET:k:-?") << "malformed: nobody knows where it ends";
}

TEST(Expand, says_what_is_wrong) {
  EXPECT_EQ(expanded("${NOPE}"), "error: needs the environment variable NOPE, which is not set");
  EXPECT_EQ(expanded("${HOST"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${NOPE:-x"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${HOST:-x"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${SECRET:a}"), "error: needs the secret a: no store has it");
  EXPECT_EQ(expanded("${SECRET:down}"), "error: needs the secret down: vault cannot be asked");
  EXPECT_EQ(expanded("${SECRET:down:-x}"), "error: needs the secret down: vault cannot be asked");
  EXPECT_EQ(expanded("${SECRET:db/password"), "error: has a reference without its closing '}'");
  EXPECT_EQ(expanded("${SECRET:${SECRET:db/password}}"), "error: has a secret in the name of a secret");
  EXPECT_EQ(expand("${SECRET:a}", {}).error(), "needs the secret a, and secrets cannot be used here");
  for (const std::string_view text : {"${}", "${:-x}", "${A B}", "${1A}", "${HOST:?x}", "${HOST:x}"}) {
    EXPECT_EQ(expanded(text),
              "error: has a malformed reference: write ${NAME}, ${NAME:-default}, ${SECRET:key}, or $${ for a plain ${")
        << text;
  }
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "${NOPE:-";
  EXPECT_EQ(expanded(deep), "error: nests more than 16 references");
}

}  // namespace
}  // namespace marty::config::internal
