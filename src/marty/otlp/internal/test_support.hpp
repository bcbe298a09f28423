// For the tests of otlp: spans to export, a receiver that answers as it is told, and what a request holds.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "marty/http/internal/test_support.hpp"
#include "marty/otlp/exporter.hpp"
#include "marty/otlp/internal/envelope.hpp"
#include "marty/telemetry/internal/protobuf_wire.hpp"
#include "marty/telemetry/internal/wire_reader.hpp"

namespace marty::otlp::internal {

// Spans that were finished by nobody: each a field of about `span_bytes`.
class FakeSpans final : public telemetry::SpanSource {
 public:
  explicit FakeSpans(std::size_t span_bytes = 300) {
    telemetry::internal::append_bytes_field(span_, 2, std::string(span_bytes, '\x7a'));
  }
  void add(std::uint64_t count) { waiting_ += count; }
  void press() { wake_(); }
  std::uint64_t waiting() const { return waiting_; }

  std::size_t collect(std::string& out, std::size_t max_bytes) override {
    std::size_t count = 0;
    for (; waiting_ > 0 && out.size() < max_bytes; --waiting_, ++count) out += span_;
    return count;
  }
  void add_at_the_end(std::uint64_t count) { rest_ += count; }
  std::size_t collect_rest(std::string& out, std::size_t max_bytes) override {
    waiting_ += std::exchange(rest_, 0);
    return collect(out, max_bytes);
  }
  void on_pressure(std::function<void()> wake) override { wake_ = std::move(wake); }
  void lose(std::uint64_t count) { lost_ += count; }
  std::uint64_t dropped() const noexcept override { return lost_; }

 private:
  std::string span_;
  std::uint64_t waiting_ = 0, rest_ = 0, lost_ = 0;
  std::function<void()> wake_;
};

inline std::vector<std::string_view> fields(std::string_view message, std::uint64_t number) {
  std::vector<std::string_view> found;
  telemetry::internal::WireReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == number) found.push_back(field->bytes);
  }
  EXPECT_TRUE(reader.is_valid());
  return found;
}

// The items of an export request: spans, metrics, log records.
inline std::vector<std::string_view> items_of(std::string_view request) {
  return fields(fields(fields(request, 1).at(0), 2).at(0), kItems);
}

// A receiver over HTTP, with a script for the first requests; from then on all is well.
class Receiver {
 public:
  struct Request {
    std::string path, body;
    std::string content_type, encoding, token;
    runtime::TimePoint at;
  };
  using Answer = std::function<void(http::Response&)>;

  explicit Receiver(std::vector<Answer> script = {})
      : script_(std::move(script)), server_([this](http::Request& request, http::Response& response) {
          requests.push_back({std::string(request.path()), std::string(request.body()),
                              std::string(request.header("content-type")),
                              std::string(request.header("content-encoding")), std::string(request.header("x-token")),
                              runtime::now()});
          if (requests.size() <= script_.size()) script_[requests.size() - 1](response);
        }) {}
  std::string endpoint() const { return "http://" + server_.server.address().to_string(); }

  std::vector<Request> requests;

 private:
  const std::vector<Answer> script_;
  http::internal::TestServer server_;
};

inline Receiver::Answer status(int status, std::string retry_after = {}) {
  return [=](http::Response& response) {
    response.status = status;
    if (!retry_after.empty()) response.add_header("retry-after", retry_after);
  };
}

// How many of the lines hold `text`.
inline std::size_t count_lines(const telemetry::RecordingSink& sink, std::string_view text) {
  const std::vector<std::string> lines = sink.lines();
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

}  // namespace marty::otlp::internal
