#include "marty/tls/internal/host_names.hpp"

#include <gtest/gtest.h>

namespace marty::tls::internal {
namespace {

TEST(HostNames, find_the_certificate_of_a_name) {
  HostNames names;
  names.add("shop.example", 0);
  names.add("Orders.Example", 1);
  EXPECT_EQ(names.find("shop.example"), 0u);
  EXPECT_EQ(names.find("orders.example"), 1u);
  EXPECT_EQ(names.find("SHOP.example"), 0u);
  EXPECT_EQ(names.find("example"), std::nullopt);
  EXPECT_EQ(names.find("a.shop.example"), std::nullopt);
  EXPECT_EQ(names.find(""), std::nullopt);
}

TEST(HostNames, a_wildcard_stands_for_one_label) {
  HostNames names;
  names.add("*.shop.example", 0);
  EXPECT_EQ(names.find("a.shop.example"), 0u);
  EXPECT_EQ(names.find("A.SHOP.example"), 0u);
  EXPECT_EQ(names.find("a.b.shop.example"), std::nullopt);
  EXPECT_EQ(names.find("shop.example"), std::nullopt);
  EXPECT_EQ(names.find(".shop.example"), std::nullopt);
}

TEST(HostNames, an_exact_name_goes_before_a_wildcard_whichever_was_first) {
  HostNames names;
  names.add("*.example", 0);
  names.add("shop.example", 1);
  EXPECT_EQ(names.find("shop.example"), 1u);
  EXPECT_EQ(names.find("other.example"), 0u);
}

TEST(HostNames, the_first_of_two_certificates_for_a_name_stays) {
  HostNames names;
  names.add("shop.example", 0);
  names.add("shop.example", 1);
  names.add("*.example", 2);
  names.add("*.example", 3);
  EXPECT_EQ(names.find("shop.example"), 0u);
  EXPECT_EQ(names.find("other.example"), 2u);
}

TEST(HostName, is_labels_with_dots_between_them) {
  for (const char* name : {"localhost", "a.b-c.example", "xn--mnchen-3ya.example", "_srv.example", "10.0.0.1"})
    EXPECT_TRUE(is_host_name(name)) << name;
  for (const char* name :
       {"", ".", ".example", "example.", "a..b", "a b", "m\xC3\xBCnchen", "[::1]", "a:1", "a/b", "*.a"})
    EXPECT_FALSE(is_host_name(name)) << name;
  EXPECT_FALSE(is_host_name(std::string_view("a\0b", 3)));
}

TEST(HostName, has_at_most253_bytes_and63_in_a_label) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_host_name(label));
  EXPECT_FALSE(is_host_name(label + 'a'));
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  EXPECT_TRUE(is_host_name(longest));
  EXPECT_FALSE(is_host_name(longest + 'b'));
}

}  // namespace
}  // namespace marty::tls::internal
