#include "marty/web/compression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/compress/compress.hpp"
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

TEST_F(CompressionTest, TakesTheCodingThatTheClientLikesBest) {
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

TEST_F(CompressionTest, LeavesTheReplyAloneWhereTheClientTakesNoCoding) {
  for (const char* accept : {"identity", "gzip;q=0, br;q=0", "*;q=0", "deflate"}) {
    const Answer answer = get(app, "/long", {{"accept-encoding", accept}});
    EXPECT_EQ(answer.header("content-encoding"), "") << accept;
    EXPECT_EQ(answer.body, kLong);
    EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  }
  EXPECT_EQ(get(app, "/long").body, kLong);
}

TEST_F(CompressionTest, LeavesAloneWhatIsSmallOrPackedOrFixed) {
  for (const char* path : {"/short", "/picture", "/fixed", "/none"}) {
    EXPECT_EQ(get(app, path, {{"accept-encoding", "gzip"}}).header("content-encoding"), "") << path;
  }
}

TEST_F(CompressionTest, CompressesStreamsPieceByPiece) {
  const Answer answer = get(app, "/stream", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_EQ(compress::gunzip(answer.body, 5000), "one" + kLong);
}

TEST_F(CompressionTest, WeakensTheEntityTagOfACompressedReply) {
  const std::string plain = get(app, "/long").header("etag");
  EXPECT_EQ(plain.size(), 18U);
  const Answer gzip = get(app, "/long", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(gzip.header("etag"), "W/" + plain);
  const std::string weak = gzip.header("etag");
  const Answer again = get(app, "/long", {{"accept-encoding", "gzip"}, {"if-none-match", weak}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("vary"), "Accept-Encoding") << "caches keep the headers of a 304";
}

TEST_F(CompressionTest, EntityTagsAnswerWhatTheClientHasAlready) {
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
