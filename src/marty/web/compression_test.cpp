#include "marty/web/compression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "marty/compress/compress.hpp"
#include "marty/web/conditional.hpp"
#include "marty/web/entity_tags.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

using internal::Answer;
using internal::ask;
using internal::get;

const std::string kLong(3000, 'a');

class CompressionTest : public ::testing::Test {
 protected:
  CompressionTest() {
    app.filter(Phase::edge, "compression", Compression());
    app.filter(Phase::edge, "etag", EntityTags());
    app.get(
        "/long", [] { return PlainText{kLong}; }, "Long");
    app.get(
        "/short", [] { return PlainText{"short"}; }, "Short");
    app.get(
        "/picture",
        [] {
          return Blob{kLong, "image/png"};
        },
        "Picture");
    app.get(
        "/fixed",
        [](http::Response& response) {
          response.set_header("cache-control", "public, no-transform");
          response.set_body(kLong, "text/plain");
        },
        "Not to be changed");
    app.get(
        "/fixed-by-the-second-line",
        [] {
          return Reply<std::string>{.headers = {{"cache-control", "private"}, {"cache-control", "No-Transform"}},
                                    .value = kLong};
        },
        "Not to be changed either");
    app.get(
        "/fixed-stream",
        [](http::Response& response) {
          response.set_header("cache-control", "no-transform");
          return stream("text/plain", [](http::BodyWriter& out) { out.write(kLong); });
        },
        "Not to be changed either");
    app.get(
        "/not-fixed",
        [] {
          return Reply<std::string>{.headers = {{"cache-control", "x=\"no-transform\""}}, .value = kLong};
        },
        "May be changed");
    app.get(
        "/stream",
        [] {
          return stream("application/x-log+json", [](http::BodyWriter& out) {
            out.write("one");
            out.flush();
            out.write(kLong);
          });
        },
        "Stream");
    app.get(
        "/tagged",
        [](http::Response& response) {
          response.set_header("etag", "\"v7\"");
          response.set_body("tagged", "text/plain");
        },
        "Tagged");
    app.start();
  }
  App app;
};

TEST_F(CompressionTest, takes_the_coding_that_the_client_likes_best) {
  const Answer gzip = get(app, "/long", {{"accept-encoding", "gzip, deflate"}});
  EXPECT_EQ(gzip.header("content-encoding"), "gzip");
  EXPECT_EQ(gzip.header("vary"), "Accept-Encoding");
  EXPECT_EQ(compress::gunzip(gzip.body, 5000), kLong);
  const Answer brotli = get(app, "/long", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(brotli.header("content-encoding"), "br");
  EXPECT_EQ(compress::unbrotli(brotli.body, 5000), kLong);
  EXPECT_EQ(get(app, "/long", {{"accept-encoding", "gzip, br;q=0.5"}}).header("content-encoding"), "gzip");
  EXPECT_EQ(get(app, "/long", {{"accept-encoding", "*"}}).header("content-encoding"), "br");
}

TEST_F(CompressionTest, leaves_the_reply_alone_where_the_client_takes_no_coding) {
  for (const char* accept : {"identity", "gzip;q=0, br;q=0", "*;q=0", "deflate"}) {
    const Answer answer = get(app, "/long", {{"accept-encoding", accept}});
    EXPECT_EQ(answer.header("content-encoding"), "") << accept;
    EXPECT_EQ(answer.body, kLong);
    EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  }
  EXPECT_EQ(get(app, "/long").body, kLong);
}

TEST_F(CompressionTest, leaves_alone_what_is_small_or_packed_or_fixed) {
  for (const char* path : {"/short", "/picture", "/fixed", "/fixed-by-the-second-line", "/fixed-stream", "/none"}) {
    EXPECT_EQ(get(app, path, {{"accept-encoding", "gzip"}}).header("content-encoding"), "") << path;
  }
  EXPECT_EQ(get(app, "/not-fixed", {{"accept-encoding", "gzip"}}).header("content-encoding"), "gzip");
}

// RFC 9110 section 12.5.3.
TEST_F(CompressionTest, no_coding_is_a_coding_that_a_client_may_like_best) {
  const auto coding = [&](std::vector<http::Header> headers) {
    return get(app, "/long", std::move(headers)).header("content-encoding");
  };
  EXPECT_EQ(coding({{"accept-encoding", "gzip;q=0.5, identity;q=1"}}), "");
  EXPECT_EQ(coding({{"accept-encoding", "identity, gzip;q=0.1"}}), "");
  EXPECT_EQ(coding({{"accept-encoding", "identity;q=0.5, gzip, br;q=0.4"}}), "gzip");
  EXPECT_EQ(coding({{"accept-encoding", "gzip;q=0.1"}}), "gzip");
  EXPECT_EQ(coding({{"accept-encoding", "br;q=0.1, *;q=0.9"}}), "gzip");
  EXPECT_EQ(coding({{"accept-encoding", "X-GZip"}}), "gzip") << "section 8.4.1.3";
  EXPECT_EQ(coding({{"accept-encoding", "identity;q=0.1"}, {"accept-encoding", "gzip"}}), "gzip") << "two lines";
  for (const char* nothing : {"identity;q=0", "identity;q=0, deflate", "*;q=0"}) {
    const Answer answer = get(app, "/long", {{"accept-encoding", nothing}});
    EXPECT_EQ(answer.status, 200) << "a plain reply is better than none (section 12.4.1)";
    EXPECT_EQ(answer.body, kLong);
  }
}

TEST_F(CompressionTest, compresses_streams_piece_by_piece) {
  const Answer answer = get(app, "/stream", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_EQ(compress::gunzip(answer.body, 5000), "one" + kLong);
}

TEST_F(CompressionTest, weakens_the_entity_tag_of_a_compressed_reply) {
  const std::string plain = get(app, "/long").header("etag");
  EXPECT_EQ(plain.size(), 18U);
  const Answer gzip = get(app, "/long", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(gzip.header("etag"), "W/" + plain);
  const std::string weak = gzip.header("etag");
  const Answer again = get(app, "/long", {{"accept-encoding", "gzip"}, {"if-none-match", weak}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("vary"), "Accept-Encoding") << "caches keep the headers of a 304";
}

// RFC 9110 section 15.4.5: a 304 has the ETag that the 200 would have had; RFC 9111 section 4.3.4: by it caches find
// what they have kept.
TEST_F(CompressionTest, a304_has_the_tag_that_its200_had) {
  app.stop();
  const auto folder = std::filesystem::path(::testing::TempDir()) / ("marty-compression-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "long.txt") << kLong;
  std::ofstream(folder / "small.txt") << "small";
  serve_files(app, "/static", folder.string());
  app.get(
      "/own",
      [](http::Request& request, http::Response& response) {
        response.set_header("etag", "\"v1\"");
        if (const auto status = precondition(request, {.etag = "\"v1\""})) return void(response.status = *status);
        response.set_body(kLong, "text/plain");
      },
      "Looks by itself");
  app.start();
  for (const char* path : {"/long", "/short", "/picture", "/fixed", "/tagged", "/own", "/static/long.txt",
                           "/static/small.txt", "/openapi.json"}) {
    for (const char* coding : {"gzip", "br", "identity", "gzip;q=0.1, identity"}) {
      for (const char* method : {"GET", "HEAD"}) {
        const Answer first = ask(app, {method, path, {{"accept-encoding", coding}}});
        EXPECT_EQ(first.status, 200) << path;
        const std::string etag = first.header("etag");
        for (const std::vector<http::Header>& kept : {std::vector<http::Header>{{"if-none-match", etag}},
                                                      {{"if-none-match", "\"x\""}, {"if-none-match", etag}}}) {
          std::vector<http::Header> headers = kept;
          headers.push_back({"accept-encoding", coding});
          const Answer again = ask(app, {method, path, headers});
          EXPECT_EQ(again.status, 304) << method << path << coding;
          EXPECT_EQ(again.header("etag"), etag) << method << path << coding;
        }
      }
    }
  }
  std::filesystem::remove_all(folder);
}

// RFC 9110 section 13.1.1: If-Match compares strongly.
TEST_F(CompressionTest, a_weak_tag_fulfils_no_if_match) {
  const std::string weak = get(app, "/long", {{"accept-encoding", "gzip"}}).header("etag");
  EXPECT_EQ(get(app, "/long", {{"accept-encoding", "gzip"}, {"if-match", weak}}).status, 412);
  const std::string strong = get(app, "/long", {{"accept-encoding", "identity"}}).header("etag");
  EXPECT_EQ(get(app, "/long", {{"if-match", strong}}).status, 200);
}

TEST_F(CompressionTest, entity_tags_answer_what_the_client_has_already) {
  const std::string etag = get(app, "/short").header("etag");
  const Answer again = get(app, "/short", {{"if-none-match", etag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.header("content-type"), "");
  EXPECT_EQ(again.header("etag"), etag);
  EXPECT_EQ(get(app, "/short", {{"if-none-match", "\"other\""}}).status, 200);
  EXPECT_EQ(get(app, "/tagged", {{"if-none-match", "\"v6\", W/\"v7\""}}).status, 304);
  EXPECT_EQ(get(app, "/tagged", {{"if-match", "\"v6\""}}).status, 412);
  EXPECT_EQ(get(app, "/none").header("etag"), "");
}

}  // namespace
}  // namespace marty::web
