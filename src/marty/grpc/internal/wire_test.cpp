// The small formats of the protocol: timeouts, status messages, metadata, frames, media types, targets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/format.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/grpc/internal/status_details.hpp"
#include "marty/grpc/internal/status_text.hpp"
#include "marty/grpc/internal/target.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/grpc/internal/timeout.hpp"
#include "marty/grpc/internal/trailers.hpp"

namespace marty::grpc::internal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string status_text(std::string_view message) {
  std::string text;
  append_status_text(text, message);
  return text;
}

// A body that arrives in pieces.
class PieceSource final : public http::BodySource {
 public:
  explicit PieceSource(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  std::size_t read_some(std::span<char>) override { throw Error(Code::internal, "frames are read by pieces"); }
  std::string_view read_piece() override { return next_ < pieces_.size() ? pieces_[next_++] : std::string_view(); }
  std::string_view read_all(std::size_t) override { throw Error(Code::internal, "frames are read by pieces"); }
  void lift_limit() noexcept override {}

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

std::vector<std::string> pieces_of(std::string_view text, std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size(); at += size) pieces.emplace_back(text.substr(at, size));
  return pieces;
}

TEST(Timeout, is_eight_digits_and_a_unit) {
  EXPECT_EQ(parse_timeout("1H"), 1h);
  EXPECT_EQ(parse_timeout("2M"), 2min);
  EXPECT_EQ(parse_timeout("3S"), 3s);
  EXPECT_EQ(parse_timeout("4m"), 4ms);
  EXPECT_EQ(parse_timeout("5u"), 5us);
  EXPECT_EQ(parse_timeout("99999999n"), 99'999'999ns);
  EXPECT_EQ(parse_timeout("0S"), 0s);
  EXPECT_EQ(parse_timeout("99999999H"), runtime::Duration::max());
  for (const char* wrong : {"", "H", "1", "123456789n", "1s", "-1S", "+1S", " 1S", "1S ", "1.5S", "0x1S"})
    EXPECT_FALSE(parse_timeout(wrong)) << wrong;
}

TEST(Timeout, of_connect_is_ten_digits) {
  EXPECT_EQ(parse_timeout_ms("1500"), 1500ms);
  EXPECT_EQ(parse_timeout_ms("9999999999"), 9'999'999'999ms);
  for (const char* wrong : {"", "12345678901", "1ms", "-1", "1.5"}) EXPECT_FALSE(parse_timeout_ms(wrong)) << wrong;
}

TEST(Timeout, is_written_in_the_finest_unit_that_holds_it_and_never_too_short) {
  EXPECT_EQ(format_timeout(0s).view(), "0n");
  EXPECT_EQ(format_timeout(-1s).view(), "0n");
  EXPECT_EQ(format_timeout(99'999'999ns).view(), "99999999n");
  EXPECT_EQ(format_timeout(100'000'000ns).view(), "100000u");
  EXPECT_EQ(format_timeout(100'000'001ns).view(), "100001u");
  EXPECT_EQ(format_timeout(15s).view(), "15000000u");
  EXPECT_EQ(format_timeout(1h).view(), "3600000m");
  EXPECT_EQ(format_timeout(runtime::Duration::max()).view(), "2562048H");
  for (auto left = 1ns; left < runtime::Duration::max() / 7; left *= 7) {
    EXPECT_GE(*parse_timeout(format_timeout(left).view()), left);
    EXPECT_LE(*parse_timeout(format_timeout(left).view()), left + left / 1000 + 1ns);
  }
}

TEST(StatusText, keeps_visible_ascii_and_encodes_the_rest) {
  EXPECT_EQ(status_text("pet 7 is sold"), "pet 7 is sold");
  EXPECT_EQ(status_text("100 %\n\xc3\xa4"), "100 %25%0A%C3%A4");
  EXPECT_EQ(parse_status_text("100 %25%0A%C3%A4"), "100 %\n\xc3\xa4");
  EXPECT_EQ(parse_status_text("%e4%bd%a0"), "\xe4\xbd\xa0");
}

TEST(StatusText, never_fails_to_be_read) {
  EXPECT_EQ(parse_status_text("%"), "%");
  EXPECT_EQ(parse_status_text("%2"), "%2");
  EXPECT_EQ(parse_status_text("%zz%25"), "%zz%");
  EXPECT_EQ(parse_status_text("%2%35"), "%25");  // once
  EXPECT_EQ(parse_status_text("a%ffb"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(parse_status_text("%C3"), "\xef\xbf\xbd");
}

TEST(Metadata, of_binary_names_is_base64_with_or_without_padding) {
  EXPECT_EQ(encode_binary(std::string("\0\xff", 2)), "AP8");
  EXPECT_EQ(decode_binary("AP8"), std::string("\0\xff", 2));
  EXPECT_EQ(decode_binary("AP8="), std::string("\0\xff", 2));
  EXPECT_EQ(decode_binary(""), "");
  EXPECT_FALSE(decode_binary("A"));
  EXPECT_FALSE(decode_binary("A P8"));
}

TEST(Metadata, of_binary_names_may_be_several_values_and_empty_ones) {
  using testing::ElementsAre;
  EXPECT_THAT(decode_binaries(""), ElementsAre(""));
  EXPECT_THAT(decode_binaries("YQ=="), ElementsAre("a"));
  EXPECT_THAT(decode_binaries("YQ,,Yg"), ElementsAre("a", "", "b"));
  EXPECT_THAT(decode_binaries(",YQ,"), ElementsAre("", "a", ""));
  EXPECT_THAT(decode_binaries("YQ ,\tYg == "), ElementsAre("a"));  // the second one is no Base64
  EXPECT_THAT(decode_binaries(" YQ\t,  Yg== "), ElementsAre("a", "b"));
  EXPECT_THAT(decode_binaries("YR,YWJ"), ElementsAre("a", "ab"));  // bits that belong to no byte count for nothing
  EXPECT_THAT(decode_binaries("Y,YWJj"), ElementsAre("abc"));
}

TEST(Metadata, of_a_caller_is_checked_before_it_is_sent) {
  EXPECT_TRUE(is_valid_metadata("x-tenant", "7"));
  EXPECT_TRUE(is_valid_metadata("a.b_c-1", ""));
  EXPECT_TRUE(is_valid_metadata("x-bin", std::string("\0\n", 2)));
  for (const char* name : {"", "X", "a b", ":path", "grpc-timeout", "a\nb", "\xc3\xa4"})
    EXPECT_FALSE(is_valid_metadata(name, "7")) << name;
  for (const char* value : {"a\r\nb", "\t", "\xc3\xa4", "\x7f"}) EXPECT_FALSE(is_valid_metadata("x", value)) << value;
}

TEST(FormatOf, a_content_type_leaves_its_parameters_aside) {
  EXPECT_EQ(parse_format("application/grpc")->framing, Framing::grpc);
  EXPECT_EQ(parse_format("Application/GRPC+proto ; x=y")->codec, Codec::proto);
  EXPECT_EQ(parse_format("application/grpc-web-text")->framing, Framing::web_text);
  EXPECT_EQ(parse_format("application/json; charset=utf-8")->framing, Framing::connect);
  EXPECT_EQ(parse_format("application/connect+json")->codec, Codec::json);
  for (const char* other : {"", "application/grpcx", "application/grpc+thrift", "text/plain", "application"})
    EXPECT_FALSE(parse_format(other)) << other;
}

TEST(Frames, are_read_however_the_body_arrives) {
  std::string body;
  append_frame(body, 0, "one");
  append_frame(body, kCompressed, "");
  append_frame(body, kConnectEnd, std::string(1000, 'x'));
  for (const std::size_t size : {1u, 2u, 4u, 5u, 6u, 8u, 100u, 2000u}) {
    PieceSource source(pieces_of(body, size));
    FrameReader frames(&source, 1000, kEveryFlag);
    EXPECT_EQ(frames.next()->payload, "one") << size;
    const auto second = frames.next();
    EXPECT_EQ(second->flags, kCompressed);
    EXPECT_EQ(second->payload, "");
    EXPECT_EQ(frames.next()->payload.size(), 1000u);
    EXPECT_FALSE(frames.next());
  }
}

TEST(Frames, that_are_cut_or_too_large_are_errors) {
  std::string body;
  append_frame(body, 0, "0123456789");
  for (std::size_t size = 1; size < body.size(); ++size) {
    FrameReader frames(std::string_view(body).substr(0, size), 100, kCompressed);
    EXPECT_EQ(error_of([&] { frames.next(); }).code(), Code::internal) << size;
    EXPECT_EQ(error_of([&] { only_frame(std::string_view(body).substr(0, size), 100, kCompressed); }).code(),
              Code::internal);
  }
  FrameReader small(body, 9, kCompressed);
  EXPECT_EQ(error_of([&] { small.next(); }).code(), Code::resource_exhausted);
  EXPECT_EQ(error_of([&] { only_frame(body, 9, kCompressed); }).code(), Code::resource_exhausted);
  // The length alone says so: nothing is kept of it.
  FrameReader huge(std::string_view("\0\xff\xff\xff\xff", 5), 100, kCompressed);
  EXPECT_EQ(error_of([&] { huge.next(); }).code(), Code::resource_exhausted);
}

// gRPC over HTTP/2: Compressed-Flag is 0 or 1. A flag that is not known may say that the bytes are something else.
TEST(Frames, with_flags_that_are_reserved_are_errors) {
  for (int flags = 0; flags < 256; ++flags) {
    std::string body;
    append_frame(body, static_cast<std::uint8_t>(flags), "a");
    FrameReader frames(std::string_view(body), 100, kCompressed);
    if (flags <= 1) {
      EXPECT_EQ(frames.next()->payload, "a");
    } else {
      EXPECT_EQ(error_of([&] { frames.next(); }).code(), Code::internal) << flags;
      EXPECT_EQ(error_of([&] { only_frame(body, 100, kCompressed); }).code(), Code::internal) << flags;
    }
  }
}

TEST(Frames, of_a_unary_request_are_one) {
  std::string body;
  append_frame(body, 0, "a");
  EXPECT_EQ(only_frame(body, 10, kCompressed)->payload, "a");
  EXPECT_FALSE(only_frame("", 10, kCompressed));
  append_frame(body, 0, "b");
  EXPECT_EQ(error_of([&] { only_frame(body, 10, kCompressed); }).code(), Code::unimplemented);
}

TEST(WebText, is_base64_in_segments) {
  EXPECT_EQ(decode_web_text("YQ==Yg=="), "ab");
  EXPECT_EQ(decode_web_text("YWI="), "ab");
  EXPECT_EQ(decode_web_text(""), "");
  EXPECT_EQ(error_of([] { decode_web_text("Y"); }).code(), Code::invalid_argument);
  EXPECT_EQ(error_of([] { decode_web_text("===="); }).code(), Code::invalid_argument);
}

TEST(WebTrailers, are_a_frame_of_lines_with_names_in_lower_case) {
  const std::string frame = web_trailers("X-Name: Value: A\r\ngrpc-status: 0\r\n");
  EXPECT_EQ(frame.substr(5), "x-name: Value: A\r\ngrpc-status: 0\r\n");
  EXPECT_EQ(frame[0], char(kWebTrailers));
}

TEST(FieldPaths, are_the_pointers_of_our_errors) {
  for (const auto& [pointer, path] : {std::pair("/name", "name"), std::pair("/items/0/name", "items[0].name"),
                                      std::pair("/a/b/3/4/c", "a.b[3][4].c"), std::pair("", "")}) {
    EXPECT_EQ(field_path(pointer), path);
    EXPECT_EQ(field_pointer(path), pointer);
  }
}

TEST(StatusDetails, of_an_error_come_back) {
  const Error error = Error::invalid({{"/times", "must be at most 7"}});
  const std::string bytes =
      write_status_details({Code::invalid_argument, "no", details_of(error, "shop.v1.Pets", "c1")});
  const auto details = read_status_details(bytes);
  ASSERT_EQ(details.size(), 2u);
  EXPECT_EQ(details[0].type, "google.rpc.ErrorInfo");
  EXPECT_THAT(details[0].content, HasSubstr("INVALID_ARGUMENT"));
  EXPECT_THAT(details[0].content, HasSubstr("c1"));
  EXPECT_EQ(fields_of(details), (std::vector<FieldError>{{"/times", "must be at most 7"}}));
  EXPECT_TRUE(read_status_details("\xff\xff").empty());
}

TEST(Target, is_a_host_with_its_port) {
  EXPECT_EQ(parse_target("shop:8080").servers.at(0).host, "shop");
  EXPECT_EQ(parse_target("shop:8080").servers.at(0).port, 8080);
  EXPECT_EQ(parse_target("[::1]:80").servers.at(0).host, "::1");
  EXPECT_EQ(parse_target("[::1]:80").authority, "[::1]:80");
  const Target both = parse_target("a:1,b:2");
  EXPECT_EQ(both.authority, "a:1");
  ASSERT_EQ(both.servers.size(), 2u);
  EXPECT_EQ(both.servers[1].host, "b");
  EXPECT_EQ(both.servers[1].port, 2);
  EXPECT_EQ(parse_target("unix:/run/shop.sock").authority, "localhost");
  EXPECT_TRUE(parse_target("unix:/run/shop.sock").servers.empty());
  for (const char* wrong : {"", "shop", ":80", "shop:", "shop:0", "shop:65536", "shop:8o", "http://shop:80",
                            "unix:", "a b:80", "[]:80", "u@shop:80", "::1:80", "a:1,", ",a:1", "a:1,,b:2"}) {
    const Error error = error_of([&] { parse_target(wrong); });
    EXPECT_EQ(error.code(), Code::invalid_argument) << wrong;
    EXPECT_THAT(error.message(), HasSubstr("host:port"));
  }
}

}  // namespace
}  // namespace marty::grpc::internal
