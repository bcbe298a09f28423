#include "marty/tls/internal/spiffe.hpp"

#include <gtest/gtest.h>

#include <string>

namespace marty::tls::internal {
namespace {

TEST(SpiffeId, has_a_trust_domain_and_a_path) {
  const auto id = parse_spiffe_id("spiffe://prod.example-1_x.org/ns/shop/sa/Orders_v1.2-a");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->trust_domain, "prod.example-1_x.org");
  EXPECT_EQ(id->path, "/ns/shop/sa/Orders_v1.2-a");
}

TEST(SpiffeId, of_a_trust_domain_has_no_path) {
  const auto id = parse_spiffe_id("spiffe://example.org");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->path, "");
}

TEST(SpiffeId, may_have_segments_that_only_begin_with_dots) {
  EXPECT_TRUE(parse_spiffe_id("spiffe://example.org/..."));
  EXPECT_TRUE(parse_spiffe_id("spiffe://example.org/.hidden/..x"));
}

TEST(SpiffeId, has_one_spelling) {
  for (const char* text : {"",
                           "spiffe:",
                           "spiffe://",
                           "spiffe:///path",
                           "SPIFFE://example.org/a",
                           "http://example.org/a",
                           "spiffe:/example.org/a",
                           " spiffe://example.org/a",
                           "spiffe://Example.org/a",
                           "spiffe://example.org:443/a",
                           "spiffe://user@example.org/a",
                           "spiffe://[::1]/a",
                           "spiffe://ex%41mple.org/a",
                           "spiffe://ex ample/a",
                           "spiffe://example.org/",
                           "spiffe://example.org/a/",
                           "spiffe://example.org//a",
                           "spiffe://example.org/a//b",
                           "spiffe://example.org/.",
                           "spiffe://example.org/..",
                           "spiffe://example.org/a/../b",
                           "spiffe://example.org/./b",
                           "spiffe://example.org/a?b",
                           "spiffe://example.org/a#b",
                           "spiffe://example.org?a",
                           "spiffe://example.org#a",
                           "spiffe://example.org/%61",
                           "spiffe://example.org/a b",
                           "spiffe://example.org/\xC3\xA4",
                           "spiffe://example.org/a\n"}) {
    EXPECT_FALSE(parse_spiffe_id(text)) << text;
  }
  EXPECT_FALSE(parse_spiffe_id(std::string_view("spiffe://example.org/a\0b", 24)));
}

TEST(SpiffeId, has_at_most2048_bytes_and255_of_trust_domain) {
  const std::string start = "spiffe://example.org/";
  EXPECT_TRUE(parse_spiffe_id(start + std::string(2048 - start.size(), 'a')));
  EXPECT_FALSE(parse_spiffe_id(start + std::string(2049 - start.size(), 'a')));
  EXPECT_TRUE(parse_spiffe_id("spiffe://" + std::string(255, 'a') + "/x"));
  EXPECT_FALSE(parse_spiffe_id("spiffe://" + std::string(256, 'a') + "/x"));
}

}  // namespace
}  // namespace marty::tls::internal
