#include "marty/secrets/remote.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "marty/reflect/rules.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::secrets {
namespace {

TEST(Reply, gives_what_is_there_and_clears_the_text) {
  std::string text = R"({"a": {"token": "t1", "lives": 60, "lives_too": "90"}, "code": "AADSTS70002"})";
  const Reply reply(text);
  EXPECT_EQ(text, "");
  EXPECT_EQ(reply.text("/a/token"), "t1");
  EXPECT_EQ(reply.secret("/a/token").reveal(), "t1");
  EXPECT_EQ(reply.integer("/a/lives"), 60);
  EXPECT_EQ(reply.integer("/a/lives_too"), 90);
  EXPECT_EQ(reply.word("/code"), "AADSTS70002");
  EXPECT_EQ(reply.text("/a/lives"), "");
  EXPECT_EQ(reply.text("/missing/token"), "");
  EXPECT_EQ(reply.integer("/a/token"), std::nullopt);
}

TEST(Reply, anything_else_reads_as_an_object_without_members) {
  for (std::string text : {"", "[]", "hunter2", "{\"a\": \"hunter2", "<html>"}) {
    const Reply reply(text);
    EXPECT_FALSE(reply.is_object());
    EXPECT_EQ(reply.text("/a"), "");
  }
}

TEST(Reply, gives_the_fields_of_a_secret_as_texts_and_nothing_else) {
  std::string text = R"({"data": {"a": "x \"y\"", "b": 18446744073709551615, "c": true, "d": {"e": "hunter2"}}})";
  const Reply reply(text);
  const auto field = [&](std::string_view key) {
    return std::string(reply.field("/data", Key::parse(key), "vault").reveal());
  };
  EXPECT_EQ(field("shop#a"), "x \"y\"");
  EXPECT_EQ(field("shop#b"), "18446744073709551615");
  EXPECT_EQ(field("shop#c"), "true");
  try {
    field("shop#d");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "the field d of the secret shop of vault is an object: only texts, numbers and booleans can be given");
  }
  EXPECT_THROW(field("shop#none"), Error);
  EXPECT_THROW(reply.field("/none", Key::parse("shop"), "vault"), Error);
}

TEST(Reply, is_without_members_where_it_is_larger_than_allowed) {
  std::string text = R"({"a": "hunter2"})", same = text;
  EXPECT_FALSE(Reply(text, 10).is_object());
  EXPECT_TRUE(Reply(same, 100).is_object());
}

TEST(Reply, moves_without_leaving_a_copy) {
  std::string text = R"({"a": "hunter2"})";
  Reply first(text);
  const Reply second = std::move(first);
  EXPECT_FALSE(first.is_object());  // NOLINT: a moved-from one has nothing
  EXPECT_EQ(second.text("/a"), "hunter2");
}

TEST(Reply, gives_for_errors_only_short_words) {
  std::string text = R"({"sentence": "the password is hunter2", "long": ")" + std::string(101, 'a') + R"(", "w": "a"})";
  const Reply reply(text);
  EXPECT_EQ(reply.word("/sentence"), "");
  EXPECT_EQ(reply.word("/long"), "");
  EXPECT_EQ(reply.word("/w"), "a");
}

TEST(Reply, bounds_what_a_token_lives) {
  std::string text = R"({"none": -5, "much": 9223372036854775807})";
  const Reply reply(text);
  EXPECT_EQ(reply.lifetime("/none"), std::chrono::seconds(1));
  EXPECT_EQ(reply.lifetime("/much"), std::chrono::hours(24 * 3650));
  EXPECT_EQ(reply.lifetime("/missing"), std::chrono::hours(1));
}

TEST(NotReached, is_unavailable_unless_the_fiber_itself_was_interrupted) {
  runtime::SimulatedWorld().run([] {
    const auto code = [](Code cause) { return not_reached("vault", "reading", "http://v", Error(cause, "x")).code(); };
    EXPECT_EQ(code(Code::unavailable), Code::unavailable);
    EXPECT_EQ(code(Code::out_of_range), Code::unavailable);
    EXPECT_EQ(code(Code::deadline_exceeded), Code::unavailable);
    EXPECT_EQ(code(Code::invalid_argument), Code::invalid_argument);
    EXPECT_EQ(code(Code::cancelled), Code::cancelled);
    const runtime::DeadlineScope scope(runtime::now());
    EXPECT_EQ(code(Code::deadline_exceeded), Code::deadline_exceeded);
  });
}

TEST(NotReached, quotes_nothing_of_what_was_sent) {
  runtime::SimulatedWorld().run([] {
    const Error cause(Code::invalid_argument, "the header authorization: Bearer hunter2 holds a line end");
    const std::string message = not_reached("vault", "cannot read shop/db", "http://v", cause).message();
    EXPECT_THAT(message, testing::StartsWith("vault: cannot read shop/db: http://v"));
    EXPECT_THAT(message, testing::Not(testing::HasSubstr("hunter2")));
  });
}

TEST(NotReached, shows_urls_without_their_queries) {
  runtime::SimulatedWorld().run([] {
    const auto said = [](std::string_view reason) {
      return not_reached("vault", "reading", "http://v", Error(Code::unavailable, std::string(reason))).message();
    };
    constexpr std::string_view kStart = "vault: reading: http://v cannot be reached: ";
    EXPECT_EQ(said("GET http://v:80/a?t=hunter2: refused?"), std::string(kStart) + "GET http://v:80/a: refused?");
    EXPECT_EQ(said("GET http://v:80/a: refused"), std::string(kStart) + "GET http://v:80/a: refused");
    EXPECT_EQ(said("https://v?t=hunter2 and http://w#x"), std::string(kStart) + "https://v and http://w");
    EXPECT_EQ(said("nobody listens"), std::string(kStart) + "nobody listens");
  });
}

TEST(UrlProblem, is_plain_http_to_another_machine) {
  for (const char* url : {"https://vault", "https://vault:8200/v1/", "http://127.0.0.1:8200", "http://127.1.2.3",
                          "http://localhost/x", "http://[::1]:80"}) {
    EXPECT_EQ(url_problem(url, false), "") << url;
  }
  for (const char* url : {"http://vault", "http://127.0.0.1.example.com", "http://127.example.co.uk", "http://10.0.0.1",
                          "http://localhost.example.com", "http://[::2]:80", "http://169.254.169.254"}) {
    EXPECT_THAT(url_problem(url, false),
                testing::AllOf(testing::StartsWith("is plain HTTP"), testing::HasSubstr("insecure: true")))
        << url;
    EXPECT_EQ(url_problem(url, true), "") << url;
  }
}

TEST(UrlProblem, is_none_of_a_metadata_service_on_the_link) {
  for (const char* url : {"http://169.254.169.254/", "http://169.254.170.2", "http://[fd00:ec2::254]:80",
                          "http://metadata.google.internal", "http://127.0.0.1", "https://elsewhere"}) {
    EXPECT_EQ(url_problem(url, false, Peer::metadata_service), "") << url;
  }
  for (const char* url : {"http://elsewhere", "http://169.254.169.254.example.com", "http://[fd00:ec2::1]"})
    EXPECT_NE(url_problem(url, false, Peer::metadata_service), "") << url;
}

TEST(UrlProblem, is_anything_but_a_scheme_a_host_a_port_and_a_path) {
  for (const char* url :
       {"", "vault", "ftp://127.0.0.1", "ftp://v/longer", "http://", "https:///x", "https://u:p@v", "https://v?x",
        "https://v#x", "https://v/a b", "http://127.0.0.1:80@elsewhere", "https://v\\x", "https://v:abc",
        "https://[::1", "https://v:99999", "https://v]:1", "https://v:-1", "https://v:0", "https://v/%zz"}) {
    EXPECT_THAT(url_problem(url, true), testing::StartsWith("is no URL")) << url;
  }
}

struct Place {
  std::optional<std::string> region;
  static constexpr auto rules = marty::rules(field<&Place::region>.pattern("^[a-z]+$"));
};

TEST(TakeAsOption, takes_what_the_options_allow_where_they_do_not_say) {
  Place place;
  take_as_option("aws", place, &Place::region, "REGION", "");
  EXPECT_EQ(place.region, std::nullopt);
  take_as_option("aws", place, &Place::region, "REGION", "eu");
  take_as_option("aws", place, &Place::region, "OTHER", "us/");
  EXPECT_EQ(place.region, "eu");
  Place other;
  try {
    take_as_option("aws", other, &Place::region, "REGION", "eu/");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_THAT(error.message(), testing::StartsWith("aws: REGION must "));
  }
}

TEST(ReadTokenFile, gives_the_token_without_the_space_around_it) {
  runtime::SimulatedWorld().run([] {
    const internal::TokenFile file(" t1 \n");
    EXPECT_EQ(read_token_file(file.path, "vault", "cannot log in").reveal(), "t1");
    const auto refused = [&](const std::string& path) {
      try {
        read_token_file(path, "vault", "cannot log in");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unauthenticated);
        return error.message();
      }
      return std::string();
    };
    file.write(" \n");
    EXPECT_EQ(refused(file.path), "vault: cannot log in: " + file.path + " is empty");
    std::filesystem::remove(file.path);
    EXPECT_THAT(refused(file.path), testing::HasSubstr(file.path));
  });
}

TEST(OriginOf, is_the_url_up_to_its_path) {
  EXPECT_EQ(origin_of("http://v:80/a/b?c"), "http://v:80");
  EXPECT_EQ(origin_of("https://v?c"), "https://v");
  EXPECT_EQ(origin_of("v/x"), "v/x");
}

}  // namespace
}  // namespace marty::secrets
