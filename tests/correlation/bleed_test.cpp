// Ten thousand requests at a time, on two loops, by HTTP/1.1, HTTP/2 and gRPC: none has an id of another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <set>

#include "marty/runtime/blocking.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/span.hpp"
#include "node.hpp"

namespace marty::correlation_test {
namespace {

constexpr int kWaves = 20;
constexpr int kPerLoop = 250;  // at the same time; the three spans of each find room in a ring
constexpr int kRequests = kWaves * 2 * kPerLoop;
constexpr int kLinesEach = 5;
constexpr int kSpansEach = 3;

std::string trace_of(int number) { return fmt::format("{:032x}", number + 1); }
std::string correlation_of(int number) { return fmt::format("c-{}", number); }

std::vector<std::pair<std::string, std::string>> headers_of(int number) {
  return {{"traceparent", "00-" + trace_of(number) + "-b7ad6b7169203331-01"},
          {"x-mmf-correlation-id", correlation_of(number)},
          {"x-mmf-user-id", fmt::format("u-{}", number)}};
}

// A wait whose length differs from request to request, so that each overtakes others.
void wait(int number) {
  runtime::sleep_for(std::chrono::microseconds(number * 37 % 2000));  // tidy:allow(sleep): that fibers take turns
}

// All that a handler may do: scopes that an exception leaves, children, threads for what blocks.
void work(int number, runtime::BlockingPool& pool) {
  log::info("work", {{"number", number}});
  telemetry::annotate("number", number);
  const std::string operation = fmt::format("o-{}", number);
  const auto correlation = telemetry::with_correlation({.operation = operation});
  const telemetry::Span span("work", {{"number", number}});
  wait(number);
  auto child = runtime::spawn([number] {
    const telemetry::Span inner("child", {{"number", number}});
    wait(number + 1);
    log::info("child", {{"number", number}});
  });
  try {
    const auto inner = telemetry::with_correlation({.correlation_id = "of nobody", .operation = "of nobody"});
    wait(number + 2);
    throw Error(Code::aborted, "left");
  } catch (const Error&) {
    log::info("caught", {{"number", number}});
  }
  pool.run([number] { log::info("pool", {{"number", number}}); });
  child.join();
  log::info("done", {{"number", number}});
}

class Crowd {
 public:
  Crowd() : pool_({.name = "crowd", .threads = 2, .queue = 2 * kPerLoop}), service("crowd", options()) {
    service.get(
        "/jobs/{number}", [this](Path<int> number) { work(*number, pool_); }, "Work");
    service.grpc(Relay{.pass = [this](const Parcel& parcel) {
      work(parcel.number(), pool_);
      return parcel;
    }});
    service.on_start("spans", [this] { service.app().options().tracer->record(true); });
    service.start();
    url_ = "http://" + service.address().to_string() + "/jobs/";
    channel_ = std::make_unique<grpc::Channel>(service.address().to_string());
  }

  ~Crowd() { service.stop(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // The correlation id of the reply.
  std::string ask(int number) {
    if (number % 3 == 2) return call(number);
    http::Client& client = number % 3 == 0 ? http1_ : http2_;
    const http::Reply reply = client.send({.url = url_ + std::to_string(number), .headers = headers_of(number)});
    return reply.status == 204 ? std::string(reply.header("x-mmf-correlation-id")) : reply.body;
  }

 private:
  ServiceOptions options() {
    return {.directory = "/nonexistent",
            .environment = "testing",
            .variables = {{"MARTY_SERVER__HTTP_PORT", "0"},
                          {"MARTY_TELEMETRY__TRUSTED_PROXIES", "any"},
                          {"MARTY_TELEMETRY__TRACING__SLOWEST_WINDOW", "0s"}},
            .log_sink = &log};
  }
  std::string call(int number) {
    Parcel parcel;
    parcel.set_number(number);
    grpc::ReplyMetadata reply;
    grpc::CallOptions call_options{.reply = &reply};
    for (const auto& [name, value] : headers_of(number)) call_options.metadata.emplace_back(name, value);
    EXPECT_EQ(Relay::Client(*channel_).pass(parcel, call_options).number(), number);
    for (const auto& [name, value] : reply.initial) {
      if (name == "x-mmf-correlation-id") return value;
    }
    return "";
  }

  runtime::BlockingPool pool_;
  http::Client http1_{{.connections_per_origin = kPerLoop}};
  http::Client http2_{{.protocol = http::Protocol::http2}};
  std::unique_ptr<grpc::Channel> channel_;
  std::string url_;

 public:
  telemetry::RecordingSink log;
  Service service;
};

// On a loop, all at the same time; counts the replies with an id of another.
void ask_many(Crowd& crowd, int first, std::atomic<int>& wrong) {
  std::vector<runtime::Task<std::function<void()>>> requests;
  for (int number = first; number < first + kPerLoop; ++number) {
    requests.emplace_back(std::function<void()>([&crowd, &wrong, number] {
      if (crowd.ask(number) != correlation_of(number)) ++wrong;
    }));
  }
  for (auto& request : requests) request.join();
}

void run_wave(runtime::World& world, Crowd& crowd, int wave, std::atomic<int>& wrong) {
  std::vector<runtime::Task<std::function<void()>>> loops;
  for (runtime::Loop* const loop : world.loops()) {
    const int first = (wave * 2 + static_cast<int>(loop->index())) * kPerLoop;
    loops.emplace_back(std::function<void()>(
        [&, loop, first] { runtime::run_on(*loop, [&, first] { ask_many(crowd, first, wrong); }); }));
  }
  for (auto& loop : loops) loop.join();
}

void expect_own(const ReadSpan& span) {
  const int number = std::stoi(span.attributes.at("number"));
  EXPECT_EQ(span.attributes.at("mmf.correlation_id"), correlation_of(number)) << span.name;
  EXPECT_EQ(span.attributes.at("mmf.user_id"), fmt::format("u-{}", number)) << span.name;
  const bool is_within = span.kind == static_cast<std::uint64_t>(telemetry::SpanKind::internal);
  EXPECT_EQ(span.attributes.contains("mmf.operation_id"), is_within) << span.name;
  std::uint64_t low = 0;
  for (const char c : span.trace_id.substr(8)) low = low << 8 | static_cast<unsigned char>(c);
  EXPECT_EQ(low, static_cast<std::uint64_t>(number) + 1) << span.name;
}

// Whether the line is on a loop's thread or the pool's, by the name it tells.
std::string expect_own(const json::Value& line) {
  const int number = static_cast<int>(line["number"].as_integer());
  EXPECT_EQ(line["trace_id"].as_string(), trace_of(number));
  EXPECT_EQ(line["correlation_id"].as_string(), correlation_of(number));
  EXPECT_EQ(line["user_id"].as_string(), fmt::format("u-{}", number));
  const std::string operation = line["message"].as_string() == "work" ? "" : fmt::format("o-{}", number);
  EXPECT_EQ(line["operation"].is_null() ? "" : line["operation"].as_string(), operation);
  return line["thread"].as_string();
}

TEST(TenThousandRequests, each_have_their_own_ids_in_lines_spans_and_replies) {
  const auto world = runtime::World::real({.loops = 2});
  world->run([&] {
    Crowd crowd;
    std::atomic<int> wrong = 0;
    std::size_t spans = 0;
    for (int wave = 0; wave < kWaves; ++wave) {
      run_wave(*world, crowd, wave, wrong);
      for (const ReadSpan& span : telemetry::internal::collect_all(*crowd.service.app().options().tracer)) {
        expect_own(span);
        ++spans;
      }
    }
    crowd.service.stop();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(spans, kSpansEach * kRequests);

    std::set<std::string> requests, threads;
    int lines = 0;
    for (const std::string& text : crowd.log.lines()) {
      if (!text.contains("\"number\":")) continue;  // of the service itself
      const json::Value line = json::Value::parse(text);
      threads.insert(expect_own(line));
      requests.insert(line["request_id"].as_string());
      ++lines;
    }
    EXPECT_EQ(lines, kLinesEach * kRequests);
    EXPECT_EQ(requests.size(), kRequests);
    EXPECT_THAT(threads, testing::UnorderedElementsAre("loop-0", "loop-1", "crowd"));
  });
}

}  // namespace
}  // namespace marty::correlation_test
