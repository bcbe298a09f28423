#include "marty/runtime/address_block.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "marty/base/error.hpp"

namespace marty::runtime {
namespace {

bool holds(const char* block, const char* ip) { return AddressBlock::parse(block).contains(Address::ip(ip, 80)); }

std::string refusal(const char* text) {
  try {
    AddressBlock::parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    return error.message();
  }
  return "";
}

TEST(AddressBlock, contains_what_has_its_first_bits) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(holds("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(holds("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(holds("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(holds("::1/128", "::1"));
  EXPECT_FALSE(holds("::1", "::2"));
  EXPECT_TRUE(holds("2001:db8:8000::/33", "2001:db8:ffff::1"));
  EXPECT_FALSE(holds("2001:db8:8000::/33", "2001:db8:7fff::1"));
}

TEST(AddressBlock, takes_an_ipv4_address_and_its_mapped_form_for_the_same) {
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_TRUE(holds("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(holds("::/0", "1.2.3.4"));
  EXPECT_FALSE(holds("::/0", "::ffff:1.2.3.4"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
  EXPECT_EQ(AddressBlock::parse("::ffff:10.0.0.0/104"), AddressBlock::parse("10.0.0.0/8"));
}

TEST(AddressBlock, knows_unix_sockets_and_everybody) {
  const Address socket = Address::parse("unix:/run/marty.sock");
  EXPECT_TRUE(AddressBlock::parse("unix").contains(socket));
  EXPECT_TRUE(AddressBlock::parse("any").contains(socket));
  EXPECT_TRUE(holds("any", "8.8.8.8"));
  EXPECT_FALSE(holds("unix", "127.0.0.1"));
  EXPECT_FALSE(AddressBlock::parse("0.0.0.0/0").contains(socket));
  EXPECT_FALSE(AddressBlock::parse("0.0.0.0/0").contains(Address()));
  EXPECT_FALSE(AddressBlock().contains(socket));
  const std::vector<AddressBlock> blocks = {AddressBlock::parse("unix"), AddressBlock::parse("10.0.0.0/8")};
  EXPECT_TRUE(contains(blocks, Address::ip("10.0.0.1", 1)));
  EXPECT_FALSE(contains(blocks, Address::ip("11.0.0.1", 1)));
  EXPECT_FALSE(contains({}, socket));
}

TEST(AddressBlock, says_what_is_wrong_with_a_text) {
  EXPECT_EQ(refusal("10.0.0.0/33"),
            "\"10.0.0.0/33\" is not a block of addresses: what follows the '/' has to be a number from 0 to 32");
  EXPECT_EQ(refusal("10.1.0.0/8"),
            "\"10.1.0.0/8\" is not a block of addresses: the address has bits beyond the first 8");
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "::/129", "10.0/8",
                           "::1/64", "localhost", "Any", "10.0.0.0/8/8", "[::1]", "10.0.0.1:80"})
    EXPECT_NE(refusal(text), "") << text;
}

TEST(AddressBlock, is_written_as_it_is_read) {
  for (const char* text : {"10.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "::/0", "fd00::/8", "::1", "unix", "any"})
    EXPECT_EQ(AddressBlock::parse(text).to_string(), text);
  AddressBlock block;
  EXPECT_TRUE(Text<AddressBlock>::parse("10.0.0.0/8", block));
  EXPECT_FALSE(Text<AddressBlock>::parse("10.0.0.1/8", block));
  EXPECT_EQ(block, AddressBlock::parse("10.0.0.0/8"));
}

}  // namespace
}  // namespace marty::runtime
