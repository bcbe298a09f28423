// For the tests of web: requests and responses without a socket.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/web/app.hpp"

namespace marty::web::internal {

// A body that arrives in pieces of `step` bytes.
class TextSource final : public http::BodySource {
 public:
  explicit TextSource(std::string_view text, std::size_t step = 7) : text_(text), step_(step) {}
  std::optional<std::uint64_t> length() const noexcept override { return text_.size(); }
  std::size_t read_some(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), step_, text_.size() - at_});
    std::memcpy(buffer.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }
  std::string_view read_piece() override {
    const std::string_view piece = text_.substr(at_, step_);
    at_ += piece.size();
    return piece;
  }
  void lift_limit() noexcept override {}
  std::string_view read_all(std::size_t max_bytes) override {
    if (text_.size() - at_ > max_bytes) throw Error(Code::out_of_range, "the body is too large").with_http_status(413);
    return text_.substr(std::exchange(at_, text_.size()));
  }

 private:
  std::string_view text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

// A response; a streamed body stands in `body` like another.
struct Answer {
  int status = 0;
  http::Response response;
  std::string body;
  std::string header(std::string_view name) const { return std::string(response.header(name)); }
  json::Value json() const { return json::Value::parse(body); }
};

struct Ask {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::vector<http::Header> headers{};
  std::string_view body{};
};

inline Answer ask(App& app, const Ask& ask) {
  TextSource source(ask.body);
  http::Request request;
  request.method_text = ask.method;
  request.method = http::parse_method(ask.method);
  request.target = ask.target;
  request.headers = http::HeaderList(ask.headers);
  if (!ask.body.empty()) request.body_source = &source;
  Answer answer;
  app.handle(request, answer.response);
  answer.status = answer.response.status;
  answer.body = answer.response.body();
  return answer;
}

inline Answer get(App& app, std::string_view target, std::vector<http::Header> headers = {}) {
  return ask(app, {"GET", target, std::move(headers)});
}
inline Answer post_json(App& app, std::string_view target, std::string_view body) {
  return ask(app, {"POST", target, {{"content-type", "application/json"}}, body});
}

// {"pointer: message", ...} of a problem.
inline std::vector<std::string> problems(const Answer& answer) {
  std::vector<std::string> texts;
  const json::Value problem = answer.json();
  for (const json::Value& error : problem["errors"].as_array()) {
    texts.push_back(error["pointer"].as_string() + ": " + error["message"].as_string());
  }
  return texts;
}

}  // namespace marty::web::internal
