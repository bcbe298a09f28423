#include "marty/reflect/formats.hpp"

#include <gtest/gtest.h>

#include "marty/base/internal/authority_corpus.hpp"

namespace marty::reflect {
namespace {

void expect(std::string_view format, std::initializer_list<std::string> good, std::initializer_list<std::string> bad) {
  for (const std::string& text : good) EXPECT_TRUE(has_format(format, text)) << format << " " << text;
  for (const std::string& text : bad) EXPECT_FALSE(has_format(format, text)) << format << " " << text;
}

TEST(Formats, email) {
  expect("email",
         {"a@b", "rex.the-dog+toys@mail.example.com", "x_y!#$%@example.org", std::string(64, 'a') + "@example.com"},
         {"", "a", "@b", "a@", "a..b@c", ".a@c", "a.@c", "a b@c", "a@b@c", "a@-b.c", "a@b..c", "\xC3\xA4@b", "a@b\n",
          std::string(65, 'a') + "@example.com"});
}

TEST(Formats, uri) {
  expect("uri",
         {"https://example.com/a?b=c#d", "urn:isbn:9783161484100", "mailto:a@b", "http://[::1]:80/", "a:", "x://%41",
          "file:///etc/hosts", "ftp://ann:x@h:21/", "http://h:/"},
         {"", "example.com", "/path", ":a", "1a:b", "ht tp://a", "http://a b", "http://a/%4", "http://a/%zz",
          "http://a#b#c", "http://\xC3\xA4", "http://a/[b]"});
}

// RFC 3986 section 3.2.
TEST(Formats, a_uri_with_no_authority_behind_its_slashes_is_none) {
  for (const std::string_view authority : marty::internal::kNoAuthorities) {
    if (authority.find_first_of("/?@") != std::string_view::npos) continue;  // these end it, or begin with somebody
    EXPECT_FALSE(is_uri("http://" + std::string(authority))) << authority;
    EXPECT_FALSE(is_uri("http://ann@" + std::string(authority) + "/")) << authority;
  }
  for (const std::string_view authority : marty::internal::kAuthorities)
    EXPECT_TRUE(is_uri("http://" + std::string(authority) + "/a?b#c")) << authority;
}

TEST(Formats, hostname) {
  expect("hostname", {"a", "example.com", "x-1.example", "127.0.0.1", std::string(63, 'a')},
         {"", ".", "a.", ".a", "-a", "a-", "a_b", "a..b", std::string(64, 'a'), "\xC3\xA4.de"});
}

TEST(Formats, ipv4) {
  expect("ipv4", {"0.0.0.0", "127.0.0.1", "255.255.255.255"},
         {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1..2.3", "a.b.c.d", "1.2.3.1000"});
}

TEST(Formats, ipv6) {
  expect("ipv6",
         {"::", "::1", "1::", "2001:db8::ff00:42:8329", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "1:2:3:4:5:6:1.2.3.4",
          "1:2:3:4:5:6:7::"},
         {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7::8",
          "::1.2.3", ":1::", "1.2.3.4::", "::1%eth0"});
}

}  // namespace
}  // namespace marty::reflect
