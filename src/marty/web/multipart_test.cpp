#include "marty/web/multipart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/web/internal/disposition.hpp"
#include "marty/web/internal/form.hpp"
#include "marty/web/internal/test_request.hpp"

namespace marty::web {
namespace {

using internal::TextSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "name|filename|type|content" of each part, or "!" and the message.
std::vector<std::string> parts_of(std::string_view content_type, std::string_view body, std::size_t step) {
  std::vector<std::string> parts;
  const http::Header header{"content-type", content_type};
  TextSource source(body, step);
  http::Request request;
  request.headers = http::HeaderList({&header, 1});
  request.body_source = &source;
  try {
    Multipart multipart(request);
    while (Part* part = multipart.next()) {
      std::string text = part->name + "|" + part->filename.value_or("-") + "|" + part->content_type + "|";
      parts.push_back(text + part->read_all(1 << 20));
    }
  } catch (const Error& error) {
    parts.push_back("!" + error.message());
  }
  return parts;
}

constexpr std::string_view kType = "multipart/form-data; boundary=AaB03x";
constexpr std::string_view kBody =
    "ignored preamble\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"first\"\r\n\r\n"
    "one\r\n"
    "--AaB03x  \r\n"
    "content-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n"
    "Content-Type: application/x-a\r\n\r\n"
    "\r\n--AaB03\r\n-\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=empty\r\n\r\n"
    "\r\n"
    "--AaB03x--\r\nignored";

TEST(MultipartTest, gives_the_same_parts_however_the_body_arrives) {
  for (const std::size_t step : {1U, 2U, 3U, 7U, 64U, 100000U}) {
    EXPECT_THAT(
        parts_of(kType, kBody, step),
        ElementsAre("first|-|text/plain|one", "file|a.bin|application/x-a|\r\n--AaB03\r\n-", "empty|-|text/plain|"))
        << step;
  }
}

TEST(MultipartTest, skips_what_is_not_read) {
  const http::Header header{"content-type", kType};
  TextSource source(kBody, 5);
  http::Request request;
  request.headers = http::HeaderList({&header, 1});
  request.body_source = &source;
  Multipart multipart(request);
  EXPECT_EQ(multipart.next()->name, "first");
  EXPECT_EQ(multipart.next()->name, "file");
  EXPECT_EQ(multipart.next()->name, "empty");
  EXPECT_EQ(multipart.next(), nullptr);
  EXPECT_EQ(multipart.next(), nullptr);
}

TEST(MultipartTest, a_body_may_have_no_parts_at_all) { EXPECT_THAT(parts_of(kType, "--AaB03x--", 3), ElementsAre()); }

TEST(MultipartTest, refuses_malformed_bodies_saying_why) {
  const auto refusal = [](std::string_view body) { return parts_of(kType, body, 11).back(); };
  EXPECT_THAT(refusal(""), HasSubstr("!the multipart body is malformed: it ends within a part"));
  EXPECT_THAT(refusal("--AaB03x"), HasSubstr("before its closing boundary"));
  EXPECT_THAT(refusal("--AaB03x\r\n"), HasSubstr("before its closing boundary"));
  EXPECT_THAT(refusal("--AaB03xyz\r\n"), HasSubstr("text behind a boundary"));
  EXPECT_THAT(refusal("--AaB03x\r\n\r\ncontent\r\n--AaB03x--"), HasSubstr("no Content-Disposition"));
  EXPECT_THAT(refusal("--AaB03x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--AaB03x--"), HasSubstr("no name"));
  EXPECT_THAT(refusal("--AaB03x\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--AaB03x--"),
              HasSubstr("not form-data"));
  EXPECT_THAT(refusal("--AaB03x\r\nnonsense\r\n\r\n"), HasSubstr("no colon"));
  EXPECT_THAT(refusal("--AaB03x\r\n" + std::string(9000, 'a')), HasSubstr("too long"));
  std::string many = "--AaB03x\r\n";
  for (int i = 0; i < 20; ++i) many += "x: y\r\n";
  EXPECT_THAT(refusal(many), HasSubstr("too many headers"));
  EXPECT_THAT(refusal("--AaB03x\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--AaB03x--"),
              HasSubstr("UTF-8"));
}

// What a browser writes for a name: WHATWG HTML, "multipart/form-data encoding algorithm".
TEST(DispositionTest, reads_names_as_browsers_write_them) {
  const auto filename = [](std::string_view written) -> std::string {
    const auto read = internal::parse_disposition("form-data; name=\"f\"; filename=" + std::string(written));
    return read ? read->filename.value_or("-") : "!" + std::string(read.error());
  };
  EXPECT_EQ(filename(R"("a\b.txt")"), R"(a\b.txt)");
  EXPECT_EQ(filename(R"("C:\Users\me\f.txt")"), R"(C:\Users\me\f.txt)");
  EXPECT_EQ(filename(R"("folder\")"), R"(folder\)");
  EXPECT_EQ(filename(R"("a%22b.txt")"), "a\"b.txt");
  EXPECT_EQ(filename(R"("a%0D%0Ab%41.txt")"), "a\r\nb%41.txt");
  EXPECT_EQ(filename(R"("a;b=c.txt"; x=y)"), "a;b=c.txt");
  EXPECT_EQ(filename(R"("a\"b.txt")"), "a\"b.txt") << "other clients escape quotes (RFC 2183)";
  EXPECT_EQ(filename("a.txt"), "a.txt");
  EXPECT_EQ(filename(R"("")"), "");
  EXPECT_EQ(internal::parse_disposition(R"(form-data; name="a\b")")->name, R"(a\b)");
}

TEST(DispositionTest, refuses_what_could_be_read_in_two_ways) {
  for (const char* odd : {"form-data; name=\"f\"; filename=a b.txt", "form-data; name=\"f\"; filename=a(1).txt",
                          "form-data; name=\"f\"; filename=\"a\"b\"", "form-data; name=\"f\"; filename=\"a",
                          "form-data; name=\"f\"; filename=", "form-data; name=\"f\"; filename",
                          "form-data; name=\"a\"; name=\"b\"", "form-data; filename=\"a\"; filename=\"b\"; name=c",
                          "form-data; name=\"f\"; filename*=UTF-8''a.txt", R"(form-data; name="x\"; filename=\"y")"}) {
    EXPECT_FALSE(internal::parse_disposition(odd)) << odd;
  }
}

TEST(MultipartTest, a_file_without_a_type_is_bytes) {
  const auto type = [](std::string_view disposition) {
    return parts_of(
        kType, "--AaB03x\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n\r\nx\r\n--AaB03x--",
        9);
  };
  EXPECT_THAT(type("name=\"f\"; filename=\"a\""), ElementsAre("f|a|application/octet-stream|x"));
  EXPECT_THAT(type("name=\"f\""), ElementsAre("f|-|text/plain|x"));
  EXPECT_THAT(type("name=\"f\"; filename=a b"), ElementsAre(HasSubstr("names stand in quotes")));
}

TEST(MultipartTest, refuses_other_types_and_boundaries) {
  EXPECT_THAT(parts_of("text/plain", kBody, 9), ElementsAre(HasSubstr("!send the form as multipart/form-data")));
  EXPECT_THAT(parts_of("multipart/form-data", kBody, 9), ElementsAre(HasSubstr("no valid boundary")));
  EXPECT_THAT(parts_of("multipart/form-data; boundary=\"\"", kBody, 9), ElementsAre(HasSubstr("no valid boundary")));
}

TEST(FormTest, bounds_the_size_of_all_parts_together) {
  const http::Header header{"content-type", kType};
  const auto read = [&](std::size_t max_bytes) {
    TextSource source(kBody, 50);
    http::Request request;
    request.headers = http::HeaderList({&header, 1});
    request.body_source = &source;
    return internal::read_form(request, max_bytes);
  };
  // Their names count: "first" and "one", "file", "a.bin", "application/x-a" and its content, "empty".
  constexpr std::size_t kAll = 5 + 3 + 4 + 5 + 15 + 12 + 5;
  EXPECT_EQ(read(kAll).fields.size(), 2U);
  for (const std::size_t less : {kAll - 1, std::size_t{40}, std::size_t{20}, std::size_t{4}}) {
    try {
      read(less);
      ADD_FAILURE() << less;
    } catch (const Error& error) {
      EXPECT_EQ(error.http_status(), 413);
      EXPECT_EQ(error.message(), "the form is larger than " + std::to_string(less) + " bytes");
    }
  }
}

}  // namespace
}  // namespace marty::web
