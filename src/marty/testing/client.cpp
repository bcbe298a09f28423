#include "marty/testing/client.hpp"

#include <algorithm>

#include "marty/base/error.hpp"

namespace marty::testing {
namespace {

// A body that has arrived whole.
class WholeBody final : public http::BodySource {
 public:
  explicit WholeBody(std::string_view bytes) : rest_(bytes), length_(bytes.size()) {}

  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  std::size_t read_some(std::span<char> buffer) override {
    const std::size_t size = rest_.copy(buffer.data(), buffer.size());
    rest_.remove_prefix(size);
    return size;
  }
  std::string_view read_piece() override { return std::exchange(rest_, std::string_view()); }
  void lift_limit() noexcept override {}
  std::string_view read_all(std::size_t max_bytes) override {
    if (rest_.size() > max_bytes) throw Error(Code::out_of_range, "the body is too large").with_http_status(413);
    return std::exchange(rest_, std::string_view());
  }

 private:
  std::string_view rest_;
  const std::uint64_t length_;
};

bool has(const std::vector<http::Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const http::Header& header) { return http::header_name_equals(header.name, name); });
}

}  // namespace

std::string_view Response::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (http::header_name_equals(key, name)) return value;
  }
  return {};
}

Response Client::send(http::Method method, std::string_view target, std::string_view body, const Headers& headers) {
  std::vector<http::Header> sent;
  for (const auto& [name, value] : headers) sent.push_back({name, value});
  for (const auto& [name, value] : headers_) {
    if (!has(sent, name)) sent.push_back({name, value});
  }
  if (!has(sent, "host")) sent.push_back({"host", "test"});
  if (!body.empty() && !has(sent, "content-type")) sent.push_back({"content-type", "application/json"});

  const runtime::Address peer = runtime::Address::ip("127.0.0.1", 1);
  WholeBody source(body);
  http::Request request;
  request.method = method;
  request.method_text = http::method_name(method);
  request.target = target;
  request.authority = "test";
  request.headers = http::HeaderList(sent);
  request.peer = &peer;
  if (!body.empty()) request.body_source = &source;

  http::Response response;
  handler_.handle(request, response);
  http::write_stream(request, response);  // which an application has done, and other handlers leave to the server
  Response result{response.status, {}, response.body()};
  response.for_each_header(
      [&](std::string_view name, std::string_view value) { result.headers.emplace_back(name, value); });
  if (method == http::Method::head) result.body.clear();
  return result;
}

}  // namespace marty::testing
