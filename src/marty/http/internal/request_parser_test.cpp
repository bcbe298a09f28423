#include "marty/http/internal/request_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/request_corpus.hpp"

namespace marty::http::internal {
namespace {

// Limits of the body that the server applies, so that the corpus' verdicts can be checked without one.
constexpr std::uint64_t kMaxBodyBytes = 16 << 20;

// What a reader makes of bytes that arrive in the given pieces, each at another place in memory.
struct Verdict {
  int status = 0;  // 0: wants more
  std::size_t consumed = 0;
  std::string body = {};
};

Verdict read_body(const RequestHead& head, std::string_view rest, std::size_t piece) {
  Verdict verdict{0, head.size};
  if (head.content_length.value_or(0) > kMaxBodyBytes) return {413};
  if (!head.chunked) {
    const std::size_t length = head.content_length.value_or(0);
    if (rest.size() < length) return {};
    return {200, head.size + length, std::string(rest.substr(0, length))};
  }
  ChunkedDecoder decoder;
  std::array<char, 7> output;
  for (std::size_t at = 0; at < rest.size() && !decoder.done();) {
    const auto step = decoder.decode(rest.substr(at, piece), output);
    if (!step) return {step.error().status};
    verdict.body.append(output.data(), step->produced);
    at += step->consumed;
    verdict.consumed += step->consumed;
    if (decoder.chunk_bytes_left() > kMaxBodyBytes) return {413};
  }
  if (decoder.done()) verdict.status = 200;
  return verdict;
}

Verdict judge(std::string_view bytes, std::size_t piece) {
  RequestParser parser{HeadLimits{}};
  for (std::size_t size = std::min(piece, bytes.size());; size = std::min(size + piece, bytes.size())) {
    const std::string arrived(
        bytes.substr(0, size));  // a copy: views into the last one would be caught by the sanitizer
    const Progress progress = parser.parse(arrived);
    if (progress == Progress::failed) return {parser.error().status};
    if (progress == Progress::complete) return read_body(parser.head(), bytes.substr(parser.head().size), piece);
    if (size == bytes.size()) return {};
  }
}

TEST(RequestParser, follows_a_complete_head_to_another_place) {
  auto bytes = std::make_unique<std::string>("PUT /a HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Last: last\r\n\r\n");
  RequestParser parser{HeadLimits{}};
  ASSERT_EQ(parser.parse(*bytes), Progress::complete);
  const std::string moved = *bytes;
  bytes.reset();
  parser.relocate(moved.data());
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method_text, "PUT");
  EXPECT_EQ(head.target, "/a");
  EXPECT_EQ(head.authority, "h");
  ASSERT_EQ(head.headers.size(), 3u);
  for (const Header& header : head.headers) {
    EXPECT_GE(header.name.data(), moved.data());
    EXPECT_LE(header.value.data() + header.value.size(), moved.data() + moved.size());
  }
  EXPECT_EQ(head.headers[2].name, "X-Last");
  EXPECT_EQ(head.headers[2].value, "last");
}

TEST(RequestParser, gives_every_case_of_the_corpus_its_status) {
  for (const RequestCase& each : all_request_cases()) {
    EXPECT_EQ(judge(each.bytes, each.bytes.size()).status, each.status) << each.name;
  }
}

TEST(RequestParser, gives_the_same_status_when_bytes_arrive_one_by_one_or_in_any_two_pieces) {
  for (const RequestCase& each : all_request_cases()) {
    if (each.bytes.size() > 1000) continue;  // the next test cuts the long ones
    EXPECT_EQ(judge(each.bytes, 1).status, each.status) << each.name;
    for (std::size_t cut = 1; cut < each.bytes.size(); ++cut) {
      EXPECT_EQ(judge(each.bytes, cut).status, each.status) << each.name << ", cut at " << cut;
    }
  }
}

TEST(RequestParser, gives_long_cases_the_same_status_in_pieces) {
  for (const RequestCase& each : all_request_cases()) {
    if (each.bytes.size() <= 1000) continue;
    for (const std::size_t piece : {17, 255, 1000, 8191}) {
      EXPECT_EQ(judge(each.bytes, piece).status, each.status) << each.name << ", pieces of " << piece;
    }
  }
}

RequestHead parse_head(std::string_view bytes) {
  RequestParser parser{HeadLimits{}};
  EXPECT_EQ(parser.parse(bytes), Progress::complete) << parser.error().detail;
  return parser.head();
}

TEST(RequestParser, splits_the_request_into_views) {
  const RequestHead head =
      parse_head("POST /pets?limit=2 HTTP/1.1\r\nHost: shop:80\r\nX-A:  1 \r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.target, "/pets?limit=2");
  EXPECT_EQ(head.authority, "shop:80");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.content_length, 3u);
  EXPECT_EQ(head.size, 75u);
  ASSERT_EQ(head.headers.size(), 3u);
  EXPECT_EQ(head.headers[1].name, "X-A");
  EXPECT_EQ(head.headers[1].value, "1");
}

TEST(RequestParser, takes_host_and_path_from_an_absolute_target) {
  const RequestHead head = parse_head("GET http://shop:81/pets?x HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(head.authority, "shop:81");
  EXPECT_EQ(head.target, "/pets?x");
  EXPECT_EQ(parse_head("GET http://shop HTTP/1.1\r\nHost: other\r\n\r\n").target, "/");
  EXPECT_EQ(parse_head("OPTIONS http://shop HTTP/1.1\r\nHost: other\r\n\r\n").target, "*");
}

// RFC 3986 section 6.2.3: an empty path is "/".
TEST(RequestParser, gives_an_absolute_target_with_a_query_and_no_path_its_path) {
  RequestParser parser{HeadLimits{}};
  const std::string bytes = "OPTIONS http://shop?x=1 HTTP/1.1\r\nHost: other\r\n\r\n";
  const auto first = std::make_unique<std::string>(bytes.substr(0, 40));
  EXPECT_EQ(parser.parse(*first), Progress::incomplete);
  EXPECT_EQ(parser.parse(bytes), Progress::complete);
  EXPECT_EQ(parser.head().target, "/?x=1");
  EXPECT_EQ(parser.head().authority, "shop");
}

// RFC 9110 section 5.6.1.2; others may have read no coding there and take the body for a request.
TEST(RequestParser, ends_the_connection_behind_chunked_among_empty_elements) {
  const RequestHead head = parse_head("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n");
  EXPECT_TRUE(head.chunked);
  EXPECT_FALSE(head.keep_alive);
}

struct Known {
  std::string text;
  int status = 0;
};

// What is known of a request that is refused.
Known known_of(std::string_view bytes) {
  RequestParser parser{HeadLimits{}};
  if (parser.parse(bytes) != Progress::failed) return {"accepted", 200};
  const RequestHead& head = parser.head();
  std::string text = std::string(head.method_text) + "|" + std::string(head.target) + "|" + std::string(head.authority);
  for (const Header& header : head.headers) text.append("|").append(header.name);
  return {text, parser.error().status};
}

TEST(RequestParser, knows_of_a_refused_request_what_was_right_and_nothing_that_was_wrong) {
  const std::string origin = "Origin: https://shop.example\r\n\r\n";
  const auto known = [&](const std::string& before) { return known_of(before + origin).text; };
  EXPECT_EQ(known("\x16\x03"), "||");
  EXPECT_EQ(known("PO(ST / HTTP/1.1\r\n"), "||");
  EXPECT_EQ(known("GET /a|b HTTP/1.1\r\n"), "GET||");
  EXPECT_EQ(known("GET http://x:y/ HTTP/1.1\r\n"), "GET||");
  EXPECT_EQ(known("GET /a HTTP/3.0\r\n"), "GET||");
  EXPECT_EQ(known("GET /a HTTP/1.1\r\n"), "GET|/a||Origin");
  EXPECT_EQ(known("GET /a HTTP/1.1\r\nHost: x:y\r\n"), "GET|/a||Origin");
  EXPECT_EQ(known("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n"), "GET|/a|x|Host|Origin");
  EXPECT_EQ(known("GET /a HTTP/1.1\r\nHost: x\r\nExpect: y\r\n"), "GET|/a|x|Host|Expect|Origin");
  EXPECT_EQ(known("GET /a HTTP/1.1\r\nHost: x\r\nbad name: y\r\n"), "GET|/a|x|Host");
  EXPECT_EQ(known("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n"),
            "PUT|/a|x|Host|Transfer-Encoding|Origin");
}

// A page whose request is too large reads why only where the reply names its origin (WHATWG Fetch, "CORS check").
TEST(RequestParser, knows_what_stands_behind_a_line_that_is_too_long) {
  const std::string behind = "Origin: https://shop.example\r\nX-Long: " + std::string(2000, 'v') + "\r\n\r\n";
  const Known target = known_of("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x:y\r\n" + behind);
  EXPECT_EQ(target.status, 414);
  EXPECT_EQ(target.text, "GET|||Origin");
  const Known header = known_of("GET /a HTTP/1.1\r\nHost: x\r\nX-A: " + std::string(33'000, 'a') + "\r\n" + behind);
  EXPECT_EQ(header.status, 431);
  EXPECT_EQ(header.text, "GET|/a|x|Host|Origin");
}

TEST(RequestParser, keeps_the_views_of_a_target_that_is_not_in_the_bytes_when_they_move) {
  const std::string bytes = "GET http://shop HTTP/1.1\r\nHost: other\r\n\r\n";
  RequestParser parser{HeadLimits{}};
  const auto first = std::make_unique<std::string>(bytes.substr(0, 30));
  EXPECT_EQ(parser.parse(*first), Progress::incomplete);
  EXPECT_EQ(parser.parse(bytes), Progress::complete);
  EXPECT_EQ(parser.head().target, "/");
  EXPECT_EQ(parser.head().authority, "shop");
}

TEST(RequestParser, derives_keep_alive_from_version_and_connection) {
  const auto keeps_alive = [](std::string_view version, std::string_view connection) {
    return parse_head("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(connection) + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keeps_alive("1.1", ""));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_TRUE(keeps_alive("1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", ""));
  EXPECT_TRUE(keeps_alive("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, reports_an_expectation_of_http11_only) {
  EXPECT_TRUE(
      parse_head("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n").expects_continue);
  EXPECT_FALSE(
      parse_head("PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").expects_continue);
}

TEST(RequestParser, starts_afresh_after_reset) {
  RequestParser parser{HeadLimits{}};
  ASSERT_EQ(parser.parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"),
            Progress::complete);
  parser.reset();
  ASSERT_EQ(parser.parse("GET /b HTTP/1.1\r\nHost: b\r\n\r\n"), Progress::complete);
  EXPECT_EQ(parser.head().target, "/b");
  EXPECT_EQ(parser.head().content_length, std::nullopt);
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_EQ(parser.head().headers.size(), 1u);
}

TEST(RequestParser, refuses_a_foreign_protocol_before_a_line_is_complete) {
  RequestParser parser{HeadLimits{}};
  EXPECT_EQ(parser.parse("\x16\x03\x01"), Progress::failed);
}

// Requests with a random defect: nothing may crash, and the verdict may not depend on how the bytes were cut.
TEST(RequestParser, judges_ten_thousand_mutated_requests_alike_however_they_are_cut) {
  const std::vector<RequestCase> seeds = all_request_cases();
  std::mt19937 random(20261123);
  const std::string_view favourites = "\r\n :;,\t0fF%\x80\x7f";
  for (int round = 0; round < 10'000; ++round) {
    std::string bytes = seeds[random() % seeds.size()].bytes.substr(0, 400);
    for (unsigned edits = 1 + random() % 3; edits > 0 && !bytes.empty(); --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes.erase(at, 1 + random() % 4);
          break;
        case 1:
          bytes.insert(at, 1, favourites[random() % favourites.size()]);
          break;
        case 2:
          bytes[at] = static_cast<char>(random());
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 20));
          break;
      }
    }
    const Verdict whole = judge(bytes, bytes.size());
    const Verdict cut = judge(bytes, 1 + random() % 9);
    const bool cut_waits_for_the_line = cut.status == 0 && whole.status >= 400;  // it is refused once the line ends
    EXPECT_TRUE(whole.status == cut.status || cut_waits_for_the_line) << testing::PrintToString(bytes);
    if (whole.status == 200 && cut.status == 200) {
      EXPECT_EQ(whole.body, cut.body) << testing::PrintToString(bytes);
      EXPECT_EQ(whole.consumed, cut.consumed) << testing::PrintToString(bytes);
    }
  }
}

}  // namespace
}  // namespace marty::http::internal
