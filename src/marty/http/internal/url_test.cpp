#include "marty/http/internal/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Url, is_taken_apart) {
  const auto parts = [](std::string_view text) {
    const Url url = parse_url(text);
    return (url.secure ? "secure " : "") + url.host + " " + std::to_string(url.port) + " " + url.authority + " " +
           url.target;
  };
  EXPECT_EQ(parts("http://shop"), "shop 80 shop /");
  EXPECT_EQ(parts("HTTP://shop:80/a?b#c"), "shop 80 shop /a?b");
  EXPECT_EQ(parts("http://shop:8080?x"), "shop 8080 shop:8080 /?x");
  EXPECT_EQ(parts("http://[::1]:81/a"), "::1 81 [::1]:81 /a");
  EXPECT_EQ(parts("http://[::1]/#x"), "::1 80 [::1] /");
  EXPECT_EQ(parts("https://shop/a"), "secure shop 443 shop /a");
  EXPECT_EQ(parts("HTTPS://shop:80/"), "secure shop 80 shop:80 /");
  EXPECT_EQ(parts("https://shop:443/"), "secure shop 443 shop /");
}

TEST(Url, is_refused_with_a_reason) {
  for (const std::string_view text :
       {"", "shop", "ftp://shop/", "https://", "http://", "http:///a", "http://shop:0/", "http://shop:65536/",
        "http://shop:x/", "http://shop/a b", "http://[::1/", "http://[::1]x/", "http://shop/\r\nX: y"}) {
    const Error error = error_of([&] { parse_url(text); });
    EXPECT_EQ(error.code(), Code::invalid_argument) << text;
    EXPECT_THAT(error.message(), HasSubstr(std::string(text)));
  }
}

TEST(Url, a_refusal_holds_no_password_and_no_query) {
  for (const std::string_view text :
       {"http://me:hunter2@shop/", "http://me:hunter2/x@shop/", "http://me:hunter2?@shop/", "http://me:hunter2#@shop",
        "me:hunter2@shop", "ftp://me:hunter2@shop/", "http://shop:x/?token=hunter2", "https://shop/a b?q=hunter2",
        "http://shop/a b?mail=me@hunter2", "http:///#hunter2", "/a?token=hunter2", "http://a@hunter2@shop/"}) {
    const Error error = error_of([&] { parse_url(text); });
    EXPECT_EQ(error.code(), Code::invalid_argument) << text;
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2"))) << text;
  }
  EXPECT_THAT(error_of([] { parse_url("https://me:hunter2@shop/a"); }).message(),
              HasSubstr("\"https://[redacted]@shop/a\""));
}

TEST(Url, is_told_without_sensitive_values) {
  EXPECT_EQ(redacted_url(parse_url("https://shop:81/a?page=2&token=hunter2")),
            "https://shop:81/a?page=2&token=[redacted]");
  EXPECT_EQ(redacted_url(parse_url("http://shop")), "http://shop/");
}

}  // namespace
}  // namespace marty::http::internal
