#include "marty/telemetry/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <stdexcept>
#include <thread>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/telemetry/context.hpp"

namespace marty {

struct Isbn {
  std::string digits;
};
template <>
struct Text<Isbn> {
  static constexpr std::string_view format = "isbn";
  static constexpr std::string_view expected = "an ISBN";
  static void append(std::string& out, const Isbn& isbn) { out += isbn.digits; }
  static bool parse(std::string_view, Isbn&) { return false; }
};

struct Unshowable {};
template <>
struct Text<Unshowable> {
  static constexpr std::string_view format = "none";
  static constexpr std::string_view expected = "nothing";
  static void append(std::string&, const Unshowable&) { throw std::runtime_error("no text"); }
  static bool parse(std::string_view, Unshowable&) { return false; }
};

struct Talkative {};
template <>
struct Text<Talkative> {
  static constexpr std::string_view format = "none";
  static constexpr std::string_view expected = "nothing";
  static void append(std::string& out, const Talkative&) {
    log::info("making a text");
    out += "text";
  }
  static bool parse(std::string_view, Talkative&) { return false; }
};

struct NeverFormatted {};
template <>
struct Text<NeverFormatted> {
  static constexpr std::string_view format = "none";
  static constexpr std::string_view expected = "nothing";
  static void append(std::string&, const NeverFormatted&) { ADD_FAILURE() << "formatted"; }
  static bool parse(std::string_view, NeverFormatted&) { return false; }
};

}  // namespace marty

namespace marty::telemetry {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    context_.begin();
    context_.logging = &logging_;
  }
  json::Value only_line() {
    const std::vector<std::string> lines = sink_.lines();
    EXPECT_EQ(lines.size(), 1u);
    return lines.empty() ? json::Value() : json::Value::parse(lines[0]);
  }

  RecordingSink sink_;
  Logging logging_{{.service = "petstore", .version = "1.2.3", .environment = "testing"}, sink_};
  Context context_;
  ContextScope scope_{context_};
};

TEST_F(LogTest, writes_one_json_object_with_the_documented_fields_in_order) {
  context_.trace_id = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};
  context_.span_id = {0x00f067aa0ba902b7};
  context_.correlation_id.assign("order-7");
  context_.request_id.assign("r1");
  context_.user_id.assign("kim");
  context_.session_id.assign("s1");
  context_.operation.assign("checkout");
  context_.plugin_id.assign("tax");
  try {
    throw Error(Code::unavailable, "cannot connect", std::make_exception_ptr(std::runtime_error("refused")));
  } catch (...) {
    Logger("petstore.orders").error("cannot ship", std::current_exception(), {{"order_id", 17}});
  }
  const std::string line = sink_.lines().at(0);
  const json::Value value = json::Value::parse(line);
  const std::string& timestamp = value["timestamp"].as_string();
  EXPECT_THAT(timestamp, testing::MatchesRegex("20..-..-..T..:..:..[.]......Z"));
  const std::string number = std::to_string(value["line"].as_integer());
  EXPECT_GT(value["line"].as_integer(), 1);
  const std::string& thread = value["thread"].as_string();
  EXPECT_FALSE(thread.empty());
  EXPECT_EQ(line,
            "{\"timestamp\":\"" + timestamp +
                "\",\"level\":\"error\",\"service\":\"petstore\",\"version\":\"1.2.3\",\"environment\":\"testing\","
                "\"logger\":\"petstore.orders\",\"message\":\"cannot ship\",\"file\":\"log_test.cpp\",\"line\":" +
                number + ",\"thread\":\"" + thread +
                "\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"span_id\":\"00f067aa0ba902b7\","
                "\"correlation_id\":\"order-7\",\"request_id\":\"r1\",\"user_id\":\"kim\",\"session_id\":\"s1\","
                "\"operation\":\"checkout\",\"plugin_id\":\"tax\","
                "\"exception\":{\"type\":\"marty::Error\",\"message\":\"unavailable: cannot connect: refused\"},"
                "\"order_id\":17}");
}

TEST_F(LogTest, writes_fields_of_every_type_as_json) {
  const std::string text = "a \"quoted\"\n\x01 line";
  log::info("types", {{"flag", true},
                      {"least", std::numeric_limits<std::int64_t>::min()},
                      {"most", std::numeric_limits<std::uint64_t>::max()},
                      {"price", 9.5},
                      {"ratio", 0.25f},
                      {"endless", std::numeric_limits<double>::infinity()},
                      {"text", text},
                      {"view", std::string_view("view")},
                      {"isbn", Isbn{"9783161484100"}}});
  const json::Value line = only_line();
  EXPECT_EQ(line["flag"], json::Value(true));
  EXPECT_EQ(line["least"].as_integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(line["most"].as_unsigned(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(line["price"].as_number(), 9.5);
  EXPECT_EQ(line["ratio"].as_number(), 0.25);
  EXPECT_EQ(line["endless"].as_string(), "Infinity");
  EXPECT_EQ(line["text"].as_string(), text);
  EXPECT_EQ(line["view"].as_string(), "view");
  EXPECT_EQ(line["isbn"].as_string(), "9783161484100");
}

TEST_F(LogTest, tells_where_an_error_that_nobody_planned_for_was_made) {
  const auto inner = std::make_exception_ptr(Error(Code::internal, "no column age"));
  log::error("request failed", std::make_exception_ptr(Error(Code::unavailable, "cannot list pets", inner)));
  const json::Value line = only_line();
  EXPECT_EQ(line["exception"]["message"].as_string(), "unavailable: cannot list pets: internal: no column age");
  EXPECT_THAT(line["exception"]["stack"].as_string(), testing::HasSubstr("marty_telemetry_test+0x"));
}

TEST_F(LogTest, survives_a_field_that_cannot_be_shown) {
  log::info("shown", {{"good", 1}, {"bad", Unshowable()}});
  const json::Value line = only_line();
  EXPECT_EQ(line["good"].as_integer(), 1);
  EXPECT_EQ(line["bad"].as_string(), "cannot be shown: no text");
}

TEST_F(LogTest, keeps_a_line_whole_while_one_of_its_fields_logs) {
  log::info("outer", {{"talkative", Talkative()}});
  const std::vector<std::string> lines = sink_.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(json::Value::parse(lines[0])["message"].as_string(), "making a text");
  EXPECT_EQ(json::Value::parse(lines[1])["talkative"].as_string(), "text");
  EXPECT_EQ(json::Value::parse(lines[1])["message"].as_string(), "outer");
}

TEST_F(LogTest, stays_one_parsable_line_whatever_is_logged) {
  log::info("first\nsecond\xFF\xC3", {{"key\n\"", "\xED\xA0\x80"}, {"long", std::string(100'000, 'x')}});
  const std::string raw = sink_.lines().at(0);
  EXPECT_EQ(raw.find('\n'), std::string::npos);
  const json::Value line = only_line();
  EXPECT_EQ(line["message"].as_string(), "first\nsecond\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(line["long"].as_string().size(), 16u * 1024) << "texts are cut";
}

TEST_F(LogTest, renames_own_fields_that_would_hide_standard_ones) {
  log::info("text", {{"message", "mine"}, {"user_id", 7}});
  const json::Value line = only_line();
  EXPECT_EQ(line["message"].as_string(), "text");
  EXPECT_EQ(line["message_"].as_string(), "mine");
  EXPECT_EQ(line["user_id_"].as_integer(), 7);
}

TEST_F(LogTest, leaves_out_dimensions_that_are_not_set) {
  log::info("bare");
  const json::Value line = only_line();
  EXPECT_NE(line.find("trace_id"), nullptr);
  for (const char* name : {"user_id", "session_id", "operation", "plugin_id", "exception"})
    EXPECT_EQ(line.find(name), nullptr) << name;
  EXPECT_EQ(line["logger"].as_string(), "root");
}

TEST_F(LogTest, drops_what_is_below_the_level_without_formatting_it) {
  logging_.set_level(Level::warning);
  log::info("dropped", {{"mine", NeverFormatted()}});
  EXPECT_TRUE(sink_.lines().empty());
  EXPECT_FALSE(log::kRoot.enabled(Level::info));
  log::warning("kept");
  EXPECT_EQ(only_line()["level"].as_string(), "warning");
  logging_.set_level(Level::off);
  log::error("dropped");
  EXPECT_EQ(sink_.lines().size(), 1u);
  logging_.set_level(Level::trace);
  log::trace("kept");
  EXPECT_EQ(json::Value::parse(sink_.lines().at(1))["level"].as_string(), "trace");
}

TEST_F(LogTest, carries_the_correlation_of_the_scope) {
  {
    const auto correlation = with_correlation({.user_id = "kim", .operation = "checkout"});
    log::info("inside");
  }
  log::info("outside");
  const json::Value inside = json::Value::parse(sink_.lines().at(0));
  const json::Value outside = json::Value::parse(sink_.lines().at(1));
  EXPECT_EQ(inside["user_id"].as_string(), "kim");
  EXPECT_EQ(inside["trace_id"], outside["trace_id"]);
  EXPECT_EQ(outside.find("user_id"), nullptr);
}

TEST_F(LogTest, names_the_type_of_any_exception) {
  log::warning("odd", std::make_exception_ptr(42));
  const json::Value line = only_line();
  EXPECT_EQ(line["exception"]["type"].as_string(), "int");
}

TEST(Log, work_without_a_logging_goes_to_standard_error_from_info_on) {
  testing::internal::CaptureStderr();
  log::debug("hidden");
  log::info("shown", {{"answer", 42}});
  const std::string text = testing::internal::GetCapturedStderr();
  const json::Value line = json::Value::parse(text);
  EXPECT_EQ(line["message"].as_string(), "shown");
  EXPECT_EQ(line["answer"].as_integer(), 42);
  EXPECT_EQ(line.find("service"), nullptr);
}

// A pipe whose ends close with the test.
struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::string read_all() {
    std::string text;
    char piece[65536];
    for (ssize_t size; (size = ::read(ends[0], piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(size));
    return text;
  }
  int ends[2];
};

TEST(DescriptorSink, lines_of_several_threads_never_mix) {
  Pipe pipe;
  DescriptorSink sink(pipe.ends[1]);
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    writers.emplace_back([&sink, letter] {
      for (int i = 0; i < 50; ++i) sink.write(std::string(20'000, letter) + "\n");
    });
  }
  for (std::thread& writer : writers) writer.join();
  ::close(pipe.ends[1]);
  reader.join();
  pipe.ends[1] = -1;
  ASSERT_EQ(text.size(), 200u * 20'001);
  for (std::size_t line = 0; line < 200; ++line) {
    const std::string_view view = std::string_view(text).substr(line * 20'001, 20'001);
    EXPECT_EQ(view.find_first_not_of(view[0]), 20'000u);
  }
}

TEST(DescriptorSink, a_full_pipe_drops_and_counts_whole_lines_and_finishes_the_one_it_began) {
  Pipe pipe;
  for (const int end : pipe.ends) ASSERT_EQ(::fcntl(end, F_SETFL, O_NONBLOCK), 0);
  DescriptorSink sink(pipe.ends[1]);
  for (int line = 0; line < 10; ++line) sink.write(std::string(19'999, static_cast<char>('0' + line)) + "\n");
  EXPECT_GT(sink.dropped(), 0u);
  EXPECT_LT(sink.dropped(), 8u);
  std::string text = pipe.read_all();
  sink.write("after\n");
  text += pipe.read_all();
  EXPECT_TRUE(text.ends_with("\nafter\n"));
  EXPECT_EQ((text.size() - 6) % 20'000, 0u) << "no line was cut";
  EXPECT_EQ((text.size() - 6) / 20'000 + sink.dropped(), 10u) << "each line was written or counted";
}

TEST(DescriptorSink, a_closed_pipe_is_counted) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  ::close(pipe.ends[0]);
  DescriptorSink sink(pipe.ends[1]);
  sink.write("lost\n");
  EXPECT_EQ(sink.dropped(), 1u);
  pipe.ends[0] = -1;
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace marty::telemetry
