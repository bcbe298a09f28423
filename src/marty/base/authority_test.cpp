#include "marty/base/authority.hpp"

#include <gtest/gtest.h>

#include <string>

#include "marty/base/internal/authority_corpus.hpp"

namespace marty {
namespace {

// RFC 3986 section 3.2.2 and 3.2.3; RFC 9110 section 4.2.1: the host of an http URI is not empty.
TEST(Authority, is_a_host_and_perhaps_a_port) {
  for (const std::string_view text : internal::kAuthorities) EXPECT_TRUE(is_authority(text)) << text;
  for (const std::string_view text : internal::kNoAuthorities) EXPECT_FALSE(is_authority(text)) << text;
  EXPECT_FALSE(is_authority(""));
}

// RFC 3986 section 6.2.2.1 and 6.2.3.
TEST(Authority, is_the_same_in_any_case_and_with_or_without_the_default_port) {
  EXPECT_TRUE(is_same_authority("Shop.example", "shop.EXAMPLE:80", default_port("http")));
  EXPECT_TRUE(is_same_authority("shop:", "shop:443", default_port("HTTPS")));
  EXPECT_TRUE(is_same_authority("shop:0080", "shop", default_port("http")));
  EXPECT_TRUE(is_same_authority("[::1]:80", "[::1]", default_port("http")));
  EXPECT_FALSE(is_same_authority("[::1]:81", "[::1]", default_port("http")));
  EXPECT_FALSE(is_same_authority("shop:443", "shop", default_port("http")));
  EXPECT_FALSE(is_same_authority("shop:80", "shop", default_port("ftp")));
  EXPECT_FALSE(is_same_authority("shop:0", "shop", default_port("http")));
  EXPECT_FALSE(is_same_authority("shop", "shops", default_port("http")));
}

// RFC 6335 section 6: port 0 is reserved.
TEST(Authority, is_one_to_connect_to_unless_its_port_is_0) {
  for (const std::string_view text : {"shop", "shop:", "shop:1", "shop:0080", "[::1]", "[::1]:443"})
    EXPECT_TRUE(is_connectable(text)) << text;
  for (const std::string_view text : {"", "shop:0", "shop:000", "[::1]:0"}) EXPECT_FALSE(is_connectable(text)) << text;
  for (const std::string_view text : internal::kNoAuthorities) EXPECT_FALSE(is_connectable(text)) << text;
}

TEST(Authority, ends_where_the_path_the_query_or_the_fragment_begins) {
  EXPECT_EQ(authority_of("http://shop:80/pets?a#b"), "shop:80");
  EXPECT_EQ(authority_of("http://shop?a/b"), "shop");
  EXPECT_EQ(authority_of("http://shop#a"), "shop");
  EXPECT_EQ(authority_of("http://[::1]:80"), "[::1]:80");
  EXPECT_EQ(authority_of("file:///etc/hosts"), "");
  EXPECT_EQ(authority_of("urn:isbn:1"), "");
}

}  // namespace
}  // namespace marty
