#include "marty/telemetry/propagation.hpp"

#include <gtest/gtest.h>

namespace marty::telemetry {
namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kSpan = "00f067aa0ba902b7";
const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, reads_ids_and_flags) {
  const auto span = parse_traceparent(kTraceparent);
  ASSERT_TRUE(span);
  EXPECT_EQ(to_string(span->trace_id), kTrace);
  EXPECT_EQ(to_string(span->span_id), kSpan);
  EXPECT_TRUE(span->sampled);
  EXPECT_FALSE(span->random);
}

TEST(Traceparent, reads_the_random_flag_of_level_2_and_ignores_unknown_flags) {
  const auto with_flags = [](const std::string& flags) {
    return parse_traceparent(kTraceparent.substr(0, 53) + flags);
  };
  EXPECT_FALSE(with_flags("00")->sampled);
  EXPECT_TRUE(with_flags("03")->sampled && with_flags("03")->random);
  EXPECT_TRUE(!with_flags("02")->sampled && with_flags("02")->random);
  EXPECT_TRUE(with_flags("ff")->sampled);
  EXPECT_FALSE(with_flags("fc")->sampled);
}

TEST(Traceparent, reads_later_versions_as_far_as_version_00_goes) {
  const std::string rest = kTraceparent.substr(2);
  EXPECT_TRUE(parse_traceparent("cc" + rest));
  EXPECT_TRUE(parse_traceparent("cc" + rest + "-what-the-future-will-be-like"));
  EXPECT_FALSE(parse_traceparent("cc" + rest + ".what-the-future-will-not-be-like"));
}

TEST(Traceparent, refuses_what_does_not_follow_the_format) {
  const std::string zeros(32, '0');
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           std::string(200, '0'),
           kTraceparent.substr(0, 54),                                              // flags too short
           kTraceparent + "-",                                                      // version 00 is never longer
           kTraceparent + "-extra",                                                 //
           " " + kTraceparent.substr(0, 54),                                        //
           "ff" + kTraceparent.substr(2),                                           // forbidden version
           "0G" + kTraceparent.substr(2),                                           //
           "CC" + kTraceparent.substr(2),                                           // uppercase version
           "00-" + zeros + "-" + std::string(kSpan) + "-01",                        // no trace
           "00-" + std::string(kTrace) + "-" + zeros.substr(0, 16) + "-01",         // no parent
           std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),  // uppercase
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e473.-00f067aa0ba902b7-01"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b.-01"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-.1"),
           std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"),
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01"),
       }) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Traceparent, writes_what_it_reads) {
  for (const char flag : {'0', '1', '2', '3'}) {
    std::string text = kTraceparent;
    text.back() = flag;
    char written[kTraceparentBytes];
    write_traceparent(*parse_traceparent(text), written);
    EXPECT_EQ(std::string_view(written, sizeof written), text);
  }
}

TEST(Tracestate, keeps_members_of_several_headers_in_order) {
  std::string state;
  EXPECT_TRUE(append_tracestate(state, "rojo=00f067aa0ba902b7 ,\t congo=t61rcWkgMzE"));
  EXPECT_TRUE(append_tracestate(state, ",,tenant@vendor=a b,"));
  EXPECT_EQ(state, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,tenant@vendor=a b");
}

TEST(Tracestate, refuses_malformed_members) {
  for (const std::string_view header :
       {"foo", "=1", "foo=", "Foo=1", "foo bar=1", "_a=1", "f=a=b", "foo=\x01", "foo=caf\xC3\xA9"}) {
    std::string state;
    EXPECT_FALSE(append_tracestate(state, header)) << header;
  }
  std::string state;
  EXPECT_FALSE(append_tracestate(state, std::string(257, 'k') + "=1"));
  EXPECT_FALSE(append_tracestate(state, "k=" + std::string(257, 'v')));
  EXPECT_TRUE(append_tracestate(state, std::string(240, 'k') + "=" + std::string(256, 'v')));
}

TEST(Tracestate, takes_32_members_and_refuses_33) {
  std::string header;
  for (int i = 0; i < 32; ++i) header += "k" + std::to_string(i) + "=1,";
  std::string state;
  EXPECT_TRUE(append_tracestate(state, header));
  EXPECT_FALSE(append_tracestate(state, "one_more=1"));
}

TEST(Tracestate, leaves_out_whole_members_beyond_512_bytes) {
  const std::string first = "a=" + std::string(250, 'x');
  const std::string second = "b=" + std::string(250, 'x');
  std::string state;
  EXPECT_TRUE(append_tracestate(state, first + "," + second + ",c=this does not fit"));
  EXPECT_EQ(state, first + "," + second);
}

TEST(Tracestate, keeps_one_member_of_512_bytes) {
  const std::string longest = std::string(255, 'k') + "=" + std::string(256, 'x');
  std::string state;
  EXPECT_TRUE(append_tracestate(state, longest));
  EXPECT_EQ(state, longest);
}

TEST(Baggage, keeps_well_formed_members_with_their_properties) {
  std::string baggage;
  append_baggage(baggage, "key1=value1;property1;property2, key2 = value2");
  append_baggage(baggage, "broken,  =x, k\x01=1, key3=caf%C3%A9, key4=caf\xC3\xA9, k\"=1");
  EXPECT_EQ(baggage, "key1=value1;property1;property2,key2 = value2,key3=caf%C3%A9");
}

TEST(Baggage, keeps_every_member_that_fits_into_8192_bytes) {
  std::string longest = "a=" + std::string(8190, 'x');
  std::string baggage;
  append_baggage(baggage, longest);
  EXPECT_EQ(baggage, longest);

  std::string many;
  for (int i = 0; i < 512; ++i) many += (i > 0 ? "," : "") + std::to_string(100 + i) + "=0123456789a";
  many += 'b';
  ASSERT_EQ(many.size(), kMaxBaggageBytes);
  baggage.clear();
  append_baggage(baggage, many);
  EXPECT_EQ(baggage, many);
}

TEST(Baggage, leaves_out_whole_members_beyond_8192_bytes) {
  std::string baggage;
  append_baggage(baggage, "big=" + std::string(8000, 'x'));
  append_baggage(baggage, "bigger=" + std::string(500, 'x') + ",small=1");
  EXPECT_TRUE(baggage.ends_with("x,small=1"));
  EXPECT_LE(baggage.size(), kMaxBaggageBytes);
}

TEST(B3, reads_the_single_header_in_all_its_lengths) {
  const std::string ids = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1";
  for (const std::string& text : {ids, ids + "-1", ids + "-d", ids + "-1-05e3ac9a4f6e3b90"}) {
    const auto span = parse_b3(text);
    ASSERT_TRUE(span) << text;
    EXPECT_EQ(to_string(span->trace_id), "80f198ee56343ba864fe8b2a57d3eff7");
    EXPECT_EQ(to_string(span->span_id), "e457b5a2e4d86bd1");
    EXPECT_TRUE(span->sampled);
  }
  EXPECT_FALSE(parse_b3(ids + "-0")->sampled);
  EXPECT_EQ(to_string(parse_b3("64fe8b2a57d3eff7-e457b5a2e4d86bd1")->trace_id), "000000000000000064fe8b2a57d3eff7");
}

TEST(B3, reads_a_decision_without_ids) {
  EXPECT_FALSE(parse_b3("0")->sampled);
  EXPECT_TRUE(parse_b3("1")->sampled);
  EXPECT_TRUE(parse_b3("d")->sampled);
  EXPECT_FALSE(parse_b3("0")->trace_id.valid());
}

TEST(B3, refuses_malformed_headers) {
  const std::string ids = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1";
  for (const std::string& text : {std::string(), std::string("2"), std::string("-"), std::string("1-1"), ids + "-",
                                  ids + "-2", ids + "-1-", ids + "-1-zz", ids + "-1-05e3ac9a4f6e3b90-", ids.substr(1),
                                  ids + "1", std::string("00000000000000000000000000000000-e457b5a2e4d86bd1"),
                                  std::string("80f198ee56343ba864fe8b2a57d3eff7-0000000000000000"),
                                  std::string("80F198EE56343BA864FE8B2A57D3EFF7-e457b5a2e4d86bd1")}) {
    EXPECT_FALSE(parse_b3(text)) << text;
  }
}

}  // namespace
}  // namespace marty::telemetry
