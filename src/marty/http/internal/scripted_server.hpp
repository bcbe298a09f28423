// For tests of clients: a server that answers as the test scripts it, and keeps what it was asked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {

struct ScriptedAnswer {
  int status = 200;
  std::string body;
  bool is_cut = false;  // the connection ends behind that body, which is not all
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct SeenRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;

  std::string header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (header_name_equals(known, name)) return value;
    }
    return "";
  }
};

class ScriptedServer {
 public:
  using Script = std::function<ScriptedAnswer(const SeenRequest&)>;

  explicit ScriptedServer(Script script, std::uint16_t port = 0)
      : script_(std::move(script)),
        handler_([this](Request& request, Response& response) { serve(request, response); }),
        server_(handler_, {.address = runtime::Address::ip("127.0.0.1", port)}) {
    server_.start();
  }

  std::string endpoint() const { return "http://" + server_.address().to_string(); }
  std::uint16_t port() const { return server_.address().port(); }
  int count(std::string_view target) const {
    int count = 0;
    for (const SeenRequest& request : seen) count += request.target == target ? 1 : 0;
    return count;
  }
  std::vector<SeenRequest> seen;

 private:
  void serve(Request& request, Response& response) {
    SeenRequest now{std::string(request.method_text), std::string(request.target), std::string(request.body()), {}};
    for (const Header& header : request.headers) now.headers.emplace_back(header.name, header.value);
    seen.push_back(now);
    const ScriptedAnswer answer = script_(now);
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.add_header(name, value);
    if (!answer.is_cut) return response.set_body(answer.body, "application/json");
    response.begin().write(answer.body);
    response.fail();
  }

  Script script_;
  LambdaHandler handler_;
  Server server_;
};

}  // namespace marty::http::internal
