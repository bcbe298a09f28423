#include "marty/web/file_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

namespace fs = std::filesystem;
using internal::Answer;
using internal::ask;
using internal::get;
using ::testing::HasSubstr;
using ::testing::Not;

class FileReplyTest : public ::testing::Test {
 protected:
  FileReplyTest() : folder(fs::path(::testing::TempDir()) / ("marty-file-reply-" + std::to_string(getpid()))) {
    fs::remove_all(folder);
    fs::create_directories(folder / "public/sub");
    write("public/hello.txt", "hello world");
    write("public/index.html", "<p>index");
    write("public/.secret", "secret");
    write("public/sub/a b.css", "p {}");
    write("public/large.bin", std::string(200000, 'x') + "end");
    write("outside.txt", "outside");
    serve_files(app, "/static", (folder / "public").string(), {.cache_control = "public, max-age=60"});
    app.get(
        "/report",
        [this] {
          return FileReply{.path = (folder / "public/hello.txt").string(),
                           .content_type = "application/x-report",
                           .download_as = "report ü.txt"};
        },
        "A report");
    app.get(
        "/gone", [this] { return FileReply{.path = (folder / "public/gone").string()}; }, "Gone");
    app.get(
        "/reports/{name}",
        [this](Path<std::string> name) { return FileReply{.path = folder / "public" / (*name + ".pdf")}; },
        "A report by its name");
    app.start();
  }
  ~FileReplyTest() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder / name, std::ios::binary) << content;
  }

  fs::path folder;
  App app;
};

TEST_F(FileReplyTest, sends_a_file_with_its_validators) {
  const Answer answer = get(app, "/static/hello.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.header("cache-control"), "public, max-age=60");
  EXPECT_EQ(answer.header("accept-ranges"), "bytes");
  EXPECT_THAT(answer.header("last-modified"), HasSubstr("GMT"));
  EXPECT_THAT(answer.header("etag"), ::testing::MatchesRegex("\"b-[0-9a-f]+\""));
}

TEST_F(FileReplyTest, a_named_reply_has_its_own_type_and_a_download_name) {
  const Answer answer = get(app, "/report");
  EXPECT_EQ(answer.header("content-type"), "application/x-report");
  EXPECT_EQ(answer.header("content-disposition"), "attachment; filename*=UTF-8''report%20%C3%BC.txt");
  const Answer gone = get(app, "/gone");
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.body, Not(HasSubstr("public")));
}

TEST_F(FileReplyTest, answers_conditional_requests) {
  const Answer first = get(app, "/static/hello.txt");
  const std::string etag = first.header("etag");
  const std::string modified = first.header("last-modified");
  const Answer same = get(app, "/static/hello.txt", {{"if-none-match", etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.header("etag"), etag);
  EXPECT_EQ(get(app, "/static/hello.txt", {{"if-modified-since", modified}}).status, 304);
  write("public/hello.txt", "hello again, world");
  EXPECT_EQ(get(app, "/static/hello.txt", {{"if-none-match", etag}}).status, 200);
}

TEST_F(FileReplyTest, sends_the_range_that_is_asked_for) {
  const Answer part = get(app, "/static/hello.txt", {{"range", "bytes=6-"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "world");
  EXPECT_EQ(part.header("content-range"), "bytes 6-10/11");
  EXPECT_EQ(get(app, "/static/large.bin", {{"range", "bytes=-3"}}).body, "end");
  EXPECT_EQ(get(app, "/static/large.bin", {{"range", "bytes=1-150000"}}).body, std::string(150000, 'x'));
  const Answer none = get(app, "/static/hello.txt", {{"range", "bytes=11-"}});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.header("content-range"), "bytes */11");
  EXPECT_EQ(none.header("content-type"), "application/problem+json");
  EXPECT_EQ(get(app, "/static/hello.txt", {{"range", "bytes=0-1,3-4"}}).status, 200);
}

TEST_F(FileReplyTest, the_end_of_an_empty_file_is_all_of_it) {
  write("public/empty.txt", "");
  const Answer answer = get(app, "/static/empty.txt", {{"range", "bytes=-5"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-range"), "");
  EXPECT_EQ(get(app, "/static/empty.txt", {{"range", "bytes=0-"}}).status, 416);
}

TEST_F(FileReplyTest, if_range_sends_the_whole_of_a_changed_file) {
  const Answer first = get(app, "/static/hello.txt");
  const std::string etag = first.header("etag");
  const std::string modified = first.header("last-modified");
  EXPECT_EQ(get(app, "/static/hello.txt", {{"range", "bytes=0-1"}, {"if-range", etag}}).status, 206);
  EXPECT_EQ(get(app, "/static/hello.txt", {{"range", "bytes=0-1"}, {"if-range", modified}}).status, 206);
  EXPECT_EQ(get(app, "/static/hello.txt", {{"range", "bytes=0-1"}, {"if-range", "\"old\""}}).status, 200);
  EXPECT_EQ(
      get(app, "/static/hello.txt", {{"range", "bytes=0-1"}, {"if-range", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status,
      200);
}

TEST_F(FileReplyTest, streams_large_files_with_their_length) {
  const Answer answer = get(app, "/static/large.bin");
  EXPECT_EQ(answer.body.size(), 200003U);
  EXPECT_EQ(answer.body.substr(199998), "xxend");
}

TEST_F(FileReplyTest, serves_a_folder_but_nothing_outside_of_it_and_nothing_hidden) {
  EXPECT_EQ(get(app, "/static/").body, "<p>index");
  EXPECT_EQ(get(app, "/static/sub/a%20b.css").header("content-type"), "text/css; charset=utf-8");
  for (const char* path : {"/static/../outside.txt", "/static/%2e%2e/outside.txt", "/static/sub/..%2f..%2foutside.txt",
                           "/static/.secret", "/static//hello.txt", "/static/sub", "/static/sub/",
                           "/static/..\\outside.txt", "/static/hello.txt%00", "/static/none.txt", "/static"}) {
    EXPECT_EQ(get(app, path).status, 404) << path;
  }
  EXPECT_EQ(ask(app, {.method = "POST", .target = "/static/hello.txt"}).status, 405);
}

TEST_F(FileReplyTest, a_folder_may_be_served_at_the_root_behind_every_other_route) {
  App root;
  root.get(
      "/hello.txt", [] { return PlainText{"from a handler"}; }, "Hello");
  serve_files(root, "/", (folder / "public").string());
  root.start();
  EXPECT_EQ(get(root, "/").body, "<p>index");
  EXPECT_EQ(get(root, "/sub/a%20b.css").body, "p {}");
  EXPECT_EQ(get(root, "/hello.txt").body, "from a handler");
}

TEST_F(FileReplyTest, a_nul_does_not_end_the_path_of_a_reply) {
  EXPECT_EQ(get(app, "/reports/hello.txt%00").status, 404);
}

TEST_F(FileReplyTest, a_name_that_no_file_can_have_is_not_found) {
  EXPECT_EQ(get(app, "/static/" + std::string(300, 'a')).status, 404);
  EXPECT_EQ(get(app, "/reports/" + std::string(5000, 'a')).status, 404);
}

TEST(MediaTypeOfTest, goes_by_the_extension) {
  EXPECT_EQ(media_type_of("a/b.JSON"), "application/json");
  EXPECT_EQ(media_type_of("archive.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type_of("Makefile"), "application/octet-stream");
  EXPECT_EQ(media_type_of("odd.xyz"), "application/octet-stream");
}

}  // namespace
}  // namespace marty::web
