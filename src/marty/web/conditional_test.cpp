#include "marty/web/conditional.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "marty/web/http_date.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/percent.hpp"
#include "marty/web/query.hpp"
#include "marty/web/range.hpp"

namespace marty::web {
namespace {

using http::ListField;
using ::testing::ElementsAre;

Timestamp at(std::string_view text) { return *parse_timestamp(text); }

TEST(HttpDateTest, writes_the_fixed_form) {
  EXPECT_EQ(format_http_date(at("1994-11-06T08:49:37.5Z")), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(at("2024-02-29T23:59:59Z")), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDateTest, reads_all_three_forms) {
  const Timestamp now = at("2026-01-01T00:00:00Z");
  const Timestamp expected = at("1994-11-06T08:49:37Z");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-70 08:49:37 GMT", now), at("2070-11-06T08:49:37Z"));
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-77 08:49:37 GMT", now), at("1977-11-06T08:49:37Z"));
}

TEST(HttpDateTest, refuses_anything_else) {
  const Timestamp now = at("2026-01-01T00:00:00Z");
  for (const char* text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_http_date(text, now), std::nullopt) << text;
  }
}

TEST(EntityTagTest, changes_with_every_byte) {
  std::set<std::string> tags;
  const std::string content(100, 'a');
  tags.insert(make_etag(content));
  for (std::size_t i = 0; i < content.size(); ++i) {
    std::string changed = content;
    changed[i] = 'b';
    tags.insert(make_etag(changed));
    tags.insert(make_etag(content.substr(0, i)));
  }
  EXPECT_EQ(tags.size(), 201U);
  EXPECT_THAT(make_etag(content), ::testing::MatchesRegex("\"[0-9a-f]{16}\""));
}

TEST(EntityTagTest, is_compared_strongly_or_weakly) {
  EXPECT_TRUE(has_etag(ListField("\"a\", \"b\""), "\"b\"", Comparison::strong));
  EXPECT_FALSE(has_etag(ListField("W/\"b\""), "\"b\"", Comparison::strong));
  EXPECT_FALSE(has_etag(ListField("W/\"b\""), "W/\"b\"", Comparison::strong));
  EXPECT_TRUE(has_etag(ListField("W/\"b\""), "\"b\"", Comparison::weak));
  EXPECT_TRUE(has_etag(ListField("\"a,b\""), "\"a,b\"", Comparison::strong));
  EXPECT_TRUE(has_etag(ListField("*"), "\"x\"", Comparison::strong));
  EXPECT_TRUE(has_etag(ListField("*"), "W/\"x\"", Comparison::strong)) << "whatever it is, it is there";
  EXPECT_FALSE(has_etag(ListField("\"a\""), "", Comparison::weak));
  EXPECT_TRUE(has_etag(ListField("\"a\\\", \"b\""), "\"b\"", Comparison::strong)) << "a backslash escapes nothing";
}

// Status of a request with these headers; 0: go on.
int evaluate(http::Method method, const std::vector<http::Header>& headers) {
  http::Request request;
  request.method = method;
  request.headers = http::HeaderList(headers);
  return precondition(request, {.etag = "\"v2\"", .last_modified = at("2024-01-02T00:00:00.9Z")}).value_or(0);
}

TEST(PreconditionTest, follows_the_order_of_the_standard) {
  using http::Method;
  EXPECT_EQ(evaluate(Method::get, {}), 0);
  EXPECT_EQ(evaluate(Method::get, {{"if-none-match", "\"v2\""}}), 304);
  EXPECT_EQ(evaluate(Method::put, {{"if-none-match", "*"}}), 412);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", "\"v1\""}}), 412);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", "\"v2\""}}), 0);
  EXPECT_EQ(evaluate(Method::get, {{"if-modified-since", "Tue, 02 Jan 2024 00:00:00 GMT"}}), 304);
  EXPECT_EQ(evaluate(Method::get, {{"if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT"}}), 0);
  EXPECT_EQ(evaluate(Method::get, {{"if-modified-since", "nonsense"}}), 0);
  EXPECT_EQ(evaluate(Method::put, {{"if-modified-since", "Tue, 02 Jan 2024 00:00:00 GMT"}}), 0);
  EXPECT_EQ(evaluate(Method::put, {{"if-unmodified-since", "Mon, 01 Jan 2024 00:00:00 GMT"}}), 412);
  EXPECT_EQ(evaluate(Method::put, {{"if-unmodified-since", "Tue, 02 Jan 2024 00:00:00 GMT"}}), 0);
  // If-None-Match takes precedence over If-Modified-Since, If-Match over If-Unmodified-Since.
  EXPECT_EQ(
      evaluate(Method::get, {{"if-none-match", "\"v1\""}, {"if-modified-since", "Tue, 02 Jan 2024 00:00:00 GMT"}}), 0);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", "\"v2\""}, {"if-unmodified-since", "Mon, 01 Jan 2024 00:00:00 GMT"}}),
            0);
}

TEST(PreconditionTest, reads_all_lines_of_a_list) {
  using http::Method;
  EXPECT_EQ(evaluate(Method::get, {{"if-none-match", "\"v1\""}, {"if-none-match", "\"v2\""}}), 304);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", "\"v1\""}, {"if-match", "\"v2\""}}), 0);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", "\"v1\""}, {"if-match", "W/\"v2\""}}), 412);
  EXPECT_EQ(evaluate(Method::put, {{"if-match", ""}}), 412) << "a condition that nothing fulfils";
}

TEST(RangeTest, reads_one_range) {
  using Kind = RangeRequest::Kind;
  const auto part = [](std::string_view header, std::uint64_t size) {
    const RangeRequest request = parse_range(header, size);
    EXPECT_EQ(request.kind, Kind::part) << header;
    return request.range;
  };
  EXPECT_EQ(part("bytes=0-99", 1000), (ByteRange{0, 100}));
  EXPECT_EQ(part("bytes=900-", 1000), (ByteRange{900, 100}));
  EXPECT_EQ(part("bytes=-50", 1000), (ByteRange{950, 50}));
  EXPECT_EQ(part("bytes=-5000", 1000), (ByteRange{0, 1000}));
  EXPECT_EQ(part("bytes=999-99999999999999999999999", 1000), (ByteRange{999, 1}));
  for (const char* none : {"bytes=1000-", "bytes=-0", "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(parse_range(none, 1000).kind, Kind::unsatisfiable) << none;
  }
  EXPECT_EQ(part("Bytes=0-1", 1000), (ByteRange{0, 2})) << "RFC 9110 section 14.1: units are compared without case";
  // RFC 9110 section 14.1.1: a suffix that is not zero is satisfiable; a 206 could not say which bytes it has.
  EXPECT_EQ(parse_range("bytes=-5", 0).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=-0", 0).kind, Kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::unsatisfiable);
  for (const char* whole :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=0--1"}) {
    EXPECT_EQ(parse_range(whole, 1000).kind, Kind::whole) << whole;
  }
}

TEST(PercentTest, decodes_what_is_encoded_and_refuses_half_of_it) {
  std::string buffer;
  EXPECT_EQ(percent_decode("plain", buffer), "plain");
  EXPECT_EQ(percent_decode("a%20b%C3%a9+", buffer), "a b\xC3\xA9+");
  EXPECT_EQ(percent_decode("a+b", buffer, Plus::space), "a b");
  EXPECT_EQ(percent_decode("%", buffer), std::nullopt);
  EXPECT_EQ(percent_decode("%4", buffer), std::nullopt);
  EXPECT_EQ(percent_decode("%4g", buffer), std::nullopt);
}

std::vector<std::string> all(PairReader reader) {
  std::vector<std::string> pairs;
  while (const auto pair = reader.next()) {
    pairs.push_back(std::string(pair->name) + "=" + std::string(pair->value) + (pair->valid ? "" : "!"));
  }
  return pairs;
}

TEST(PairReaderTest, reads_queries_and_cookies) {
  EXPECT_THAT(all(query_pairs("a=1&&b=x+y%26&c&=d&e=%zz&f=%ff")),
              ElementsAre("a=1", "b=x y&", "c=", "=d", "e=%zz!", "f=\xff!"));
  EXPECT_THAT(all(query_pairs("")), ElementsAre());
  EXPECT_THAT(all(cookie_pairs(" a=1; b=\"two words\";c=x=y; ; =7; flag")), ElementsAre("a=1", "b=two words", "c=x=y"));
}

TEST(MediaTypeTest, reads_types_and_parameters) {
  const MediaType type = parse_media_type("Multipart/Form-Data; charset=utf-8; boundary=\"a;\\\"b\"");
  EXPECT_TRUE(type.is("multipart/form-data"));
  std::string buffer;
  EXPECT_EQ(type.parameter("Boundary", buffer), "a;\"b");
  EXPECT_EQ(type.parameter("charset", buffer), "utf-8");
  EXPECT_EQ(type.parameter("other", buffer), std::nullopt);
  EXPECT_TRUE(parse_media_type("application/vnd.pet+json").is_json());
  EXPECT_FALSE(parse_media_type("application/jsonp").is_json());
  for (const char* malformed : {"", "json", "/json", "application/", "a b/c", "a/b c"}) {
    EXPECT_EQ(parse_media_type(malformed).essence, "") << malformed;
  }
}

TEST(MediaTypeTest, the_most_exact_range_decides) {
  EXPECT_TRUE(acceptable(ListField(""), "application/json"));
  EXPECT_TRUE(acceptable(ListField("text/html, */*;q=0.1"), "application/json"));
  EXPECT_FALSE(acceptable(ListField("text/html"), "application/json"));
  EXPECT_FALSE(acceptable(ListField("*/*, application/json;q=0"), "application/json"));
  EXPECT_TRUE(acceptable(ListField("application/*;q=0, application/json"), "application/json"));
  EXPECT_TRUE(acceptable(ListField("APPLICATION/JSON;q=0.001"), "application/json"));
  EXPECT_EQ(media_quality(ListField("application/json;version=1;q=0.5, */*;q=0.1"), "application/json"), 500);
  EXPECT_EQ(media_quality(ListField("application/json;version=1;q=0.5, */*;q=0.1"), "text/plain"), 100);
  EXPECT_TRUE(acceptable(ListField("nonsense"), "application/json"));
  EXPECT_TRUE(acceptable(ListField("text/html;q=2"), "application/json"));
}

TEST(MediaTypeTest, encodings_have_qualities) {
  EXPECT_EQ(encoding_quality(ListField("gzip;q=0.5, br"), "gzip"), 500);
  EXPECT_EQ(encoding_quality(ListField("gzip;q=0.5, br"), "br"), 1000);
  EXPECT_EQ(encoding_quality(ListField("*;q=0.25"), "br"), 250);
  EXPECT_EQ(encoding_quality(ListField("gzip;q=0, *"), "gzip"), 0);
  EXPECT_EQ(encoding_quality(ListField(""), "gzip"), 0);
  EXPECT_EQ(encoding_quality(ListField(""), "identity"), 1) << "not named it is the least that is wanted";
  EXPECT_EQ(encoding_quality(ListField("*;q=0"), "identity"), 0);
  EXPECT_EQ(encoding_quality(ListField("X-GZIP;q=0.5"), "gzip"), 500);
}

}  // namespace
}  // namespace marty::web
