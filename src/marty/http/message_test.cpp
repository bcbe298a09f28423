#include "marty/http/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "marty/base/error.hpp"

namespace marty::http {
namespace {

TEST(Method, is_read_case_sensitively) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::del, Method::patch,
                              Method::options, Method::trace, Method::connect}) {
    EXPECT_EQ(parse_method(method_name(method)), method);
  }
  EXPECT_EQ(parse_method("get"), Method::other);
  EXPECT_EQ(parse_method("OTHER"), Method::other);
  EXPECT_EQ(parse_method(""), Method::other);
}

TEST(Method, knows_what_may_be_repeated) {
  EXPECT_TRUE(is_safe(Method::get));
  EXPECT_FALSE(is_safe(Method::put));
  EXPECT_TRUE(is_idempotent(Method::put));
  EXPECT_TRUE(is_idempotent(Method::del));
  EXPECT_FALSE(is_idempotent(Method::post));
  EXPECT_FALSE(is_idempotent(Method::patch));
}

TEST(HeaderName, is_compared_without_case_but_exactly_otherwise) {
  EXPECT_TRUE(header_name_equals("Content-Type", "content-TYPE"));
  EXPECT_FALSE(header_name_equals("a^", "a~"));  // they differ in the same bit as letters of different case
  EXPECT_FALSE(header_name_equals("ab", "abc"));
}

TEST(HeaderList, finds_the_first_of_a_name) {
  const std::array<Header, 3> headers{{{"Accept", "a"}, {"X-One", "1"}, {"accept", "b"}}};
  const HeaderList list(headers);
  EXPECT_EQ(list.get("ACCEPT"), "a");
  EXPECT_EQ(list.find("none"), std::nullopt);
  EXPECT_EQ(list.size(), 3u);
}

TEST(HeaderList, finds_a_token_in_any_header_of_that_name) {
  const std::array<Header, 2> headers{{{"Connection", "keep-alive , Upgrade"}, {"connection", "x"}}};
  const HeaderList list(headers);
  EXPECT_TRUE(list.contains_token("connection", "upgrade"));
  EXPECT_TRUE(list.contains_token("connection", "X"));
  EXPECT_FALSE(list.contains_token("connection", "keep"));
  EXPECT_FALSE(list.contains_token("upgrade", "x"));
}

TEST(Request, splits_its_target) {
  Request request;
  request.target = "/pets/1?a=b?c";
  EXPECT_EQ(request.path(), "/pets/1");
  EXPECT_EQ(request.query(), "a=b?c");
  request.target = "/pets";
  EXPECT_EQ(request.query(), "");
  EXPECT_EQ(request.body(), "");
}

TEST(Response, keeps_headers_as_wire_bytes) {
  Response response;
  response.add_header("x-one", "1");
  response.add_header("X-Two", " two ");
  response.set_header("x-ONE", "3");
  EXPECT_EQ(response.wire_headers(), "X-Two: two\r\nx-ONE: 3\r\n");
  EXPECT_EQ(response.header("x-two"), "two");
  EXPECT_EQ(response.header("x-none"), "");
  response.add_header("x-two", "");
  response.remove_header("X-TWO");
  EXPECT_EQ(response.wire_headers(), "x-ONE: 3\r\n");
  std::string seen;
  response.for_each_header(
      [&](std::string_view name, std::string_view value) { seen += std::string(name) + "=" + std::string(value); });
  EXPECT_EQ(seen, "x-ONE=3");
}

TEST(Response, refuses_headers_that_would_split_the_reply) {
  Response response;
  EXPECT_THROW(response.add_header("x-a", "b\r\nset-cookie: c=d"), Error);
  EXPECT_THROW(response.add_header("x-a", "b\nc"), Error);
  EXPECT_THROW(response.add_header("x-a", std::string_view("b\0c", 3)), Error);
  EXPECT_THROW(response.add_header("x a", "b"), Error);
  EXPECT_THROW(response.add_header("x-a:", "b"), Error);
  EXPECT_THROW(response.add_header("", "b"), Error);
  EXPECT_EQ(response.wire_headers(), "");
}

TEST(Response, keeps_the_old_header_when_the_new_one_is_refused) {
  Response response;
  response.set_header("x-a", "b");
  EXPECT_THROW(response.set_header("x-a", "c\r\n"), Error);
  EXPECT_EQ(response.header("x-a"), "b");
}

TEST(Response, leaves_the_framing_to_the_server) {
  Response response;
  for (const std::string_view name : {"Date", "Connection", "Content-Length", "transfer-encoding"}) {
    EXPECT_THROW(response.add_header(name, "1"), Error) << name;
    EXPECT_THROW(response.set_header(name, "1"), Error) << name;
  }
}

TEST(Response, is_as_new_after_clear) {
  Response response;
  response.status = 404;
  response.set_body("text", "text/plain");
  response.close_connection();
  EXPECT_EQ(response.header("content-type"), "text/plain");
  response.clear();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.wire_headers(), "");
  EXPECT_EQ(response.body(), "");
  EXPECT_FALSE(response.closes_connection());
}

TEST(ReasonPhrase, is_empty_for_statuses_without_one) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "");
}

}  // namespace
}  // namespace marty::http
