// Streamed bodies are part of their request: its context, its limits, its outcome.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "marty/compress/compress.hpp"
#include "marty/config/configuration.hpp"
#include "marty/http/internal/http2_test_support.hpp"
#include "marty/web/compression.hpp"
#include "marty/web/cors.hpp"
#include "marty/web/internal/test_streams.hpp"

namespace marty::web {
namespace {

namespace fs = std::filesystem;
using http::internal::error_of;
using http::internal::Http2RawClient;
using http::internal::RawClient;
using internal::kIds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class StreamsTest : public internal::StreamsTest {};
INSTANTIATE_TEST_SUITE_P(Versions, StreamsTest, internal::kVersions, internal::version_name);

TEST_P(StreamsTest, a_failure_in_the_middle_is_that_of_the_request) {
  const auto fail = [] { throw Error(Code::data_loss, "the disk is full"); };
  run(
      [&](App& app) {
        app.get(
            "/stream",
            [fail] {
              return stream("text/plain", [fail](http::BodyWriter& out) {
                out.write("half");
                out.flush();
                fail();
              });
            },
            "Fails");
        app.get(
            "/events",
            [fail] {
              return events([fail](EventWriter& out) {
                out.send({.data = "half"});
                fail();
              });
            },
            "Fails");
      },
      [&] {
        for (const std::string path : {"/stream", "/events"}) {
          sink.clear();
          EXPECT_EQ(error_of([&] { get(path); }).code(), Code::unavailable) << "what came is not complete";
          ASSERT_EQ(sink.lines().size(), 1u);
          EXPECT_THAT(sink.lines()[0], AllOf(HasSubstr("request failed"), HasSubstr("the disk is full"),
                                             HasSubstr(kIds), HasSubstr("GET " + path)));
          EXPECT_EQ(count("mmf_errors_total", path, "code", "data_loss"), 1);
          EXPECT_EQ(count("mmf_requests_total", path, "status", "500"), 1);
          const auto span = span_of("GET " + path);
          EXPECT_EQ(span.status, 2u);
          EXPECT_EQ(span.status_message, "the disk is full");
        }
      });
}

TEST_P(StreamsTest, a_file_that_becomes_shorter_fails_its_request) {
  const fs::path file = fs::path(::testing::TempDir()) / ("marty-streams-" + std::to_string(getpid()));
  const auto write = [&](std::size_t bytes) { std::ofstream(file, std::ios::binary) << std::string(bytes, 'x'); };
  write(3'000'000);
  run(
      [&](App& app) {
        app.get(
            "/file", [&] { return FileReply{.path = file.string()}; }, "A file");
      },
      [&] {
        http::Client client({.protocol = GetParam()});
        EXPECT_EQ(client.send({.url = http::internal::url_of(address, "/file")}).header("content-length"), "3000000");
        auto cut = runtime::spawn([&] {
          while (metrics.value("mmf_requests_in_flight") == 0) runtime::sleep_for(50us);  // tidy:allow(sleep): virtual
          write(10);
        });
        EXPECT_EQ(error_of([&] { client.send({.url = http::internal::url_of(address, "/file")}); }).code(),
                  Code::unavailable);
        cut.join();
        ASSERT_EQ(sink.lines().size(), 1u);
        EXPECT_THAT(sink.lines()[0], HasSubstr("the file became shorter while it was sent"));
        EXPECT_EQ(count("mmf_errors_total", "/file", "code", "unavailable"), 1);
      });
  fs::remove(file);
}

TEST_P(StreamsTest, a_failure_before_the_head_went_out_is_a_reply_of_its_own) {
  run(
      [](App& app) {
        app.filter(Phase::edge, "cors", Cors({.origins = {"https://shop.example"}}));
        app.get(
            "/stream",
            [] {
              return stream("text/csv", [](http::BodyWriter& out) {
                out.write("a,b\n");
                throw Error(Code::aborted, "again, please");
              });
            },
            "Fails");
      },
      [&] {
        const http::Reply reply = get("/stream", http::Method::get, {{"origin", "https://shop.example"}});
        EXPECT_EQ(reply.status, 409);
        EXPECT_EQ(reply.header("content-type"), "application/problem+json");
        EXPECT_EQ(reply.header("access-control-allow-origin"), "https://shop.example");
        EXPECT_EQ(reply.header("x-mmf-request-id").size(), 32u);
        EXPECT_THAT(reply.body, AllOf(HasSubstr("again, please"), Not(HasSubstr("a,b"))));
      });
}

TEST_P(StreamsTest, lines_and_calls_are_of_its_trace) {
  std::string sent;
  run(
      [&](App& app) {
        app.get(
            "/downstream",
            [&](http::Request& request) {
              sent = request.header("traceparent");
              return PlainText{"yes"};
            },
            "Called");
        app.get(
            "/stream",
            [&] {
              return events([&](EventWriter& out) {
                log::info("in the stream");
                out.send({.data = http::Client().send({.url = http::internal::url_of(address, "/downstream")}).body});
              });
            },
            "Calls");
      },
      [&] {
        EXPECT_EQ(get("/stream").body, "data: yes\n\n");
        ASSERT_EQ(sink.lines().size(), 1u);
        EXPECT_THAT(sink.lines()[0], AllOf(HasSubstr("in the stream"), HasSubstr(kIds)));
        EXPECT_THAT(sent, HasSubstr(kIds));
      });
}

TEST_P(StreamsTest, counts_as_in_flight_to_its_end) {
  limits.in_flight = 1;
  runtime::Event go_on;
  run(
      [&](App& app) {
        app.get(
            "/stream",
            [&] {
              return stream("text/plain", [&](http::BodyWriter& out) {
                out.write("one");
                out.flush();
                go_on.wait();
              });
            },
            "Lasts");
        app.get(
            "/other", [] { return PlainText{"other"}; }, "Other");
      },
      [&] {
        auto open = runtime::spawn([&] { return get("/stream").body; });
        while (metrics.value("mmf_requests_in_flight") == 0) runtime::sleep_for(1ms);  // tidy:allow(sleep): virtual
        EXPECT_EQ(get("/other").status, 503);
        go_on.set();
        EXPECT_EQ(open.join(), "one");
        EXPECT_EQ(get("/other").status, 200);
        EXPECT_EQ(metrics.value("mmf_requests_in_flight"), 0);
      });
}

TEST_P(StreamsTest, its_time_and_its_bytes_are_those_of_the_body) {
  options.access_log = true;
  run(
      [](App& app) {
        app.get(
            "/stream",
            [] {
              return stream("text/plain", [](http::BodyWriter& out) {
                for (int i = 0; i < 3; ++i) {
                  out.write(std::string(1000, 'x'));
                  out.flush();
                  runtime::sleep_for(500ms);  // tidy:allow(sleep): virtual
                }
              });
            },
            "Lasts");
      },
      [&] {
        EXPECT_EQ(get("/stream").body.size(), 3000u);
        ASSERT_EQ(sink.lines().size(), 1u);
        const json::Value line = json::Value::parse(sink.lines()[0]);
        EXPECT_EQ(line["bytes"].as_integer(), 3000);
        EXPECT_GE(line["duration_ms"].as_number(), 1500);
        const auto span = span_of("GET /stream");
        EXPECT_GE(span.end - span.start, 1'500'000'000u);
      });
}

struct Greeting {
  std::string text;
  static constexpr auto rules = marty::rules(marty::field<&Greeting::text>.reloadable());
};

TEST_P(StreamsTest, sees_one_configuration_to_its_end) {
  config::Configuration configuration({.directory = "none", .variables = {{"MARTY_GREETING__TEXT", "good day"}}});
  const config::Live<Greeting> greeting = configuration.section<Greeting>("greeting");
  options.configuration = &configuration;
  run(
      [&](App& app) {
        configuration.start();
        app.get(
            "/stream",
            [&] {
              return events([&](EventWriter& out) {
                const Greeting& seen = *greeting;
                configuration.options().variables["MARTY_GREETING__TEXT"] = "good night";
                EXPECT_TRUE(configuration.reload().changed);
                configuration.options().variables["MARTY_GREETING__TEXT"] = "good morning";
                EXPECT_TRUE(configuration.reload().changed);
                out.send({.data = seen.text});
                out.send({.data = greeting->text});
              });
            },
            "Greets");
      },
      [&] { EXPECT_EQ(get("/stream").body, "data: good day\n\ndata: good day\n\n"); });
}

TEST_P(StreamsTest, filters_change_its_head_and_compress_what_several_fibers_write) {
  run(
      [](App& app) {
        app.filter(Phase::edge, "compression", Compression());
        app.filter(Phase::edge, "late", [](http::Request&, http::Response& response, Next next) {
          next();
          response.set_header("x-late", "yes");
        });
        app.get(
            "/events",
            [] {
              return events([](EventWriter& out) {
                auto beat = runtime::spawn([&] {
                  for (int i = 0; i < 20; ++i) {
                    out.comment("beat " + std::to_string(i));
                    runtime::sleep_for(1ms);  // tidy:allow(sleep): virtual
                  }
                });
                for (int i = 0; i < 20; ++i) {
                  out.send({.data = std::string(30'000, char('a' + i))});
                  runtime::yield();
                }
                beat.join();
              });
            },
            "Events");
      },
      [&] {
        const http::Reply reply = get("/events", http::Method::get, {{"accept-encoding", "gzip"}});
        EXPECT_EQ(reply.header("content-encoding"), "gzip");
        EXPECT_EQ(reply.header("x-late"), "yes");
        const std::string text = compress::gunzip(reply.body, 10'000'000);
        std::size_t at = 0;
        for (int i = 0; i < 20; ++i) {
          at = text.find("data: " + std::string(30'000, char('a' + i)) + "\n\n", at);
          ASSERT_NE(at, std::string::npos) << i;
          EXPECT_THAT(text, HasSubstr(": beat " + std::to_string(i) + "\n\n"));
        }
      });
}

TEST_P(StreamsTest, a_client_that_takes_nothing_is_no_failure_either) {
  limits.write_timeout = 3s;
  run(
      [](App& app) {
        app.get(
            "/stream",
            [] {
              return stream("text/plain", [](http::BodyWriter& out) {
                for (;;) out.write(std::string(50'000, 'x'));
              });
            },
            "Endless");
      },
      [&] {
        std::optional<RawClient> old;
        std::optional<Http2RawClient> newer;
        if (GetParam() == http::Protocol::http2) {
          newer.emplace(address).send(
              http::internal::headers_frame(1, http::internal::request_fields("GET", "/stream")));
          EXPECT_NE(newer->read_until(NGHTTP2_HEADERS, 1).type, 255);
        } else {
          old.emplace(address).send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
          EXPECT_THAT(old->read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
        }
        runtime::sleep_for(10s);  // tidy:allow(sleep): virtual
        EXPECT_EQ(count("mmf_requests_total", "/stream", "status", "499"), 1);
        EXPECT_THAT(sink.lines(), IsEmpty());
      });
}

}  // namespace
}  // namespace marty::web
