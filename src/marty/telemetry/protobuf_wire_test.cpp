#include <gtest/gtest.h>

#include <limits>

#include "marty/telemetry/internal/protobuf_wire.hpp"

namespace marty::telemetry::internal {
namespace {

using namespace std::string_literals;

TEST(ProtobufWire, writes_numbers_seven_bits_at_a_time) {
  std::string out;
  append_varint(out, 0);
  append_varint(out, 127);
  append_varint(out, 300);
  EXPECT_EQ(out, "\x00\x7f\xac\x02"s);
  out.clear();
  append_varint(out, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(out, std::string(9, '\xff') + '\x01');
}

TEST(ProtobufWire, knows_how_long_a_number_gets) {
  for (int bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value : {(std::uint64_t{1} << bits) - 1, std::uint64_t{1} << bits}) {
      std::string out;
      append_varint(out, value);
      EXPECT_EQ(varint_size(value), out.size()) << value;
    }
  }
}

TEST(ProtobufWire, writes_fields_by_their_type) {
  std::string out;
  append_varint_field(out, 1, 150);
  append_fixed64_field(out, 2, 0x0102030405060708);
  append_fixed32_field(out, 3, 0x01020304);
  append_string_field(out, 16, "ab");
  EXPECT_EQ(out, "\x08\x96\x01\x11\x08\x07\x06\x05\x04\x03\x02\x01\x1d\x04\x03\x02\x01\x82\x01\x02"s + "ab");
}

TEST(ProtobufWire, a_string_is_utf8_whatever_was_given) {
  std::string out;
  append_string_field(out, 1, "a\xff");
  EXPECT_EQ(out, "\x0a\x04"s + "a\xef\xbf\xbd");
}

TEST(ProtobufWire, makes_room_for_the_length_of_a_long_message) {
  std::string out = "before";
  append_message_field(out, 1, [&] { append_string_field(out, 2, std::string(300, 'x')); });
  EXPECT_EQ(out, "before\x0a\xaf\x02\x12\xac\x02"s + std::string(300, 'x'));
}

TEST(ProtobufWire, writes_attributes_of_each_type) {
  std::string out;
  append_key_value(out, 1, "t", "text");
  append_key_value(out, 1, "b", true);
  append_key_value(out, 1, "i", -1);
  append_key_value(out, 1, "d", 1.5);
  EXPECT_EQ(out, "\x0a\x0b\x0a\x01t\x12\x06\x0a\x04text"s + "\x0a\x07\x0a\x01" + "b\x12\x02\x10\x01" +
                     "\x0a\x10\x0a\x01i\x12\x0b\x18" + std::string(9, '\xff') + '\x01' + "\x0a\x0e\x0a\x01" +
                     "d\x12\x09\x21\x00\x00\x00\x00\x00\x00\xf8\x3f"s);
}

}  // namespace
}  // namespace marty::telemetry::internal
