#include "marty/tls/internal/pem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"

namespace marty::tls::internal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class PemTest : public testing::Test {
 protected:
  File file(std::string_view name, std::string content) { return {pki_.path(name), std::move(content)}; }
  Error refusal(const File& certificate, const File& key) {
    return error_of([&] { parse_credentials(certificate, key, runtime::wall_now()); });
  }

  const TestPki pki_;
  const CertificateFiles files_ = pki_.issue_server();
  const File certificate_ = read(files_.certificate);
  const File key_ = read(files_.key);
};

void expect_refused(const Error& error, const std::string& path, const std::string& why) {
  EXPECT_EQ(error.code(), Code::invalid_argument);
  EXPECT_THAT(error.message(), HasSubstr(path));
  EXPECT_THAT(error.message(), HasSubstr(why));
}

TEST_F(PemTest, reads_a_chain_leaf_first_with_text_around) {
  const File authority = read(pki_.ca);
  const File chain =
      file("chain.pem", "subject=CN = server\n" + certificate_.content + "\n\n" + authority.content + "\n");
  EXPECT_EQ(parse_credentials(chain, key_, runtime::wall_now()).chain.size(), 2u);
}

TEST_F(PemTest, reads_key_and_certificate_of_one_file) {
  const File both = file("both.pem", key_.content + certificate_.content);
  EXPECT_EQ(parse_credentials(both, both, runtime::wall_now()).chain.size(), 1u);
}

TEST_F(PemTest, names_the_file_that_is_not_there) {
  const Error error = error_of([&] { read(pki_.path("absent.pem")); });
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_THAT(error.message(), HasSubstr(pki_.path("absent.pem")));
}

TEST_F(PemTest, refuses_what_holds_no_certificate) {
  for (const std::string& content : {std::string(), std::string("hello"), key_.content})
    expect_refused(refusal(file("c.pem", content), key_), pki_.path("c.pem"), "holds no certificate in PEM form");
}

TEST_F(PemTest, refuses_a_certificate_that_is_damaged_or_cut_off) {
  std::string damaged = certificate_.content;
  damaged[damaged.size() / 2] ^= 1;
  damaged[damaged.size() / 2 + 1] = '!';
  expect_refused(refusal(file("c.pem", damaged), key_), pki_.path("c.pem"), "is damaged: its certificate number 1");
  const std::string half = certificate_.content.substr(0, certificate_.content.size() / 2);
  expect_refused(refusal(file("c.pem", half), key_), pki_.path("c.pem"), "is damaged: its certificate number 1");
  expect_refused(refusal(file("c.pem", certificate_.content + half), key_), pki_.path("c.pem"),
                 "is damaged: its certificate number 2");
}

TEST_F(PemTest, refuses_a_key_that_is_none_or_cut_off) {
  for (const std::string& content :
       {std::string(), certificate_.content, key_.content.substr(0, key_.content.size() / 2)})
    expect_refused(refusal(certificate_, file("k.pem", content)), pki_.path("k.pem"), "holds no private key");
}

TEST_F(PemTest, refuses_an_encrypted_key_instead_of_asking_for_its_password) {
  const std::string command =
      "openssl pkey -aes128 -passout pass:secret -in " + files_.key + " -out " + pki_.path("e.key");
  ASSERT_EQ(std::system(command.c_str()), 0);
  expect_refused(refusal(certificate_, read(pki_.path("e.key"))), pki_.path("e.key"), "is encrypted");
}

TEST_F(PemTest, refuses_the_key_of_another_certificate) {
  const File other = read(pki_.issue({.subject = "other"}).key);
  const Error error = refusal(certificate_, other);
  expect_refused(error, other.path, "is not that of the first certificate in " + certificate_.path);
  EXPECT_THAT(error.message(), HasSubstr("CN=server"));
}

TEST_F(PemTest, refuses_an_expired_certificate_and_one_of_the_future) {
  const CertificateFiles old = pki_.issue({.subject = "old", .valid_from = -2h, .valid_for = -1h});
  expect_refused(refusal(read(old.certificate), read(old.key)), old.certificate, "expired on 20");
  const CertificateFiles early = pki_.issue({.subject = "early", .valid_from = 1h});
  expect_refused(refusal(read(early.certificate), read(early.key)), early.certificate, "is valid from 20");
}

TEST_F(PemTest, tells_files_apart_by_their_content) {
  EXPECT_EQ(digest_of(file("a", "content")), digest_of(file("b", "content")));
  EXPECT_NE(digest_of(file("a", "content")), digest_of(file("a", "Content")));
}

}  // namespace
}  // namespace marty::tls::internal
