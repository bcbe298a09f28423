#include "marty/http/list_field.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "marty/http/message.hpp"

namespace marty::http {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> elements(const ListField& list) {
  std::vector<std::string> all;
  for (const std::string_view element : list) all.emplace_back(element);
  return all;
}

TEST(ListField, goes_over_all_lines_of_its_name) {
  const std::vector<Header> headers = {{"Accept", "a, b"}, {"x-other", "no"}, {"ACCEPT", ""}, {"accept", "c;q=0.5"}};
  EXPECT_THAT(elements(HeaderList(headers).list("accept")), ElementsAre("a", "b", "c;q=0.5"));
  EXPECT_TRUE(HeaderList(headers).list("none").empty());
}

// RFC 9110 section 5.6.1.2: a recipient parses and ignores a reasonable number of empty elements.
TEST(ListField, has_no_empty_elements) {
  EXPECT_THAT(elements(ListField(", ,a,,\tb\t, ")), ElementsAre("a", "b"));
  EXPECT_TRUE(ListField(" , ,").empty());
}

TEST(ListField, separates_nothing_in_quotes) {
  EXPECT_THAT(elements(ListField(R"(a="x, \"y\", z", b)")), ElementsAre(R"(a="x, \"y\", z")", "b"));
  EXPECT_THAT(elements(ListField(R"("never closed, b)")), ElementsAre(R"("never closed, b)"));
}

// RFC 9110 section 8.8.3: in an entity tag a backslash is a byte like others.
TEST(ListField, knows_quotes_in_which_a_backslash_escapes_nothing) {
  EXPECT_THAT(elements(ListField(R"("a\", W/"b,\")").with(Backslash::literal)), ElementsAre(R"("a\")", R"(W/"b,\")"));
}

TEST(ListField, a_quote_that_is_never_closed_ends_with_its_line) {
  const std::vector<Header> headers = {{"connection", "\"keep-alive"}, {"connection", "close"}};
  EXPECT_TRUE(HeaderList(headers).list("connection").contains("close"));
}

TEST(ListField, contains_an_element_in_whatever_case) {
  EXPECT_TRUE(ListField("private, No-Transform").contains("no-transform"));
  EXPECT_FALSE(ListField(R"(private, x="no-transform")").contains("no-transform"));
  EXPECT_FALSE(ListField("no-transforms").contains("no-transform"));
}

TEST(ListField, reads_what_a_reply_has_so_far) {
  Response response;
  response.add_header("vary", "Accept-Language");
  response.add_header("x-other", "Vary");
  response.add_header("Vary", "Cookie");
  EXPECT_THAT(elements(response.list("vary")), ElementsAre("Accept-Language", "Cookie"));
}

TEST(ListField, of_a_reply_grows_without_losing_or_repeating_an_element) {
  Response response;
  response.add_header("vary", "Accept-Language, Cookie");
  response.add_header("vary", "Origin");
  response.add_to_list("vary", "cookie");
  EXPECT_THAT(elements(response.list("vary")), ElementsAre("Accept-Language", "Cookie", "Origin"));
  response.add_to_list("vary", "Accept-Encoding");
  EXPECT_EQ(response.header("vary"), "Accept-Language, Cookie, Origin, Accept-Encoding");
}

// RFC 9110 section 5.3: lines may be joined with commas, and split at them, without a change of meaning.
TEST(ListField, is_the_same_however_it_is_split_into_lines) {
  const std::vector<std::string> all = {"a", "b;q=1", "\"c, d\"", "*", "e=\"\\\"\""};
  for (unsigned cuts = 0; cuts < 16; ++cuts) {
    std::vector<std::string> lines = {all[0]};
    for (unsigned i = 1; i < all.size(); ++i) {
      if ((cuts >> (i - 1) & 1) != 0) {
        lines.push_back(all[i]);
      } else {
        lines.back() += (i % 2 != 0 ? ", " : ",") + all[i];
      }
    }
    std::vector<Header> headers;
    for (const std::string& line : lines) headers.push_back({"list", line});
    EXPECT_EQ(elements(HeaderList(headers).list("list")), all) << cuts;
  }
}

TEST(ListField, may_be_one_line_that_reads_as_most_do) {
  const Header once[] = {{"accept", "*/*"}}, twice[] = {{"Accept", "*/*"}, {"accept", "text/html;q=0"}};
  EXPECT_TRUE(HeaderList(once).list("accept").is_line("*/*"));
  EXPECT_FALSE(HeaderList(twice).list("accept").is_line("*/*"));
  EXPECT_FALSE(HeaderList(once).list("accept").is_line("text/html"));
  EXPECT_FALSE(HeaderList().list("accept").is_line("*/*"));
  EXPECT_TRUE(ListField("*/*").is_line("*/*"));
  EXPECT_FALSE(ListField("*/*, text/html").is_line("*/*"));
  EXPECT_TRUE(ListField::of_lines("Accept: */*\r\n", "accept").is_line("*/*"));
  EXPECT_FALSE(ListField::of_lines("Accept: */*\r\naccept: */*\r\n", "accept").is_line("*/*"));
}

}  // namespace
}  // namespace marty::http
