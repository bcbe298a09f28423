// For tests: a server that answers as Vault's documentation says, or as a test wants it to – for what a real one cannot
// be brought to do, and for time that only passes in the simulated world. It is no Vault.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/time.hpp"
#include "marty/secrets/internal/test_support.hpp"
#include "vault/vault.hpp"

namespace marty::vault::internal {

class ScriptedVault {
 public:
  using Answering = std::function<void(http::Request&, http::Response&)>;

  ScriptedVault() : server_([this](http::Request& request, http::Response& response) { answer(request, response); }) {}

  // What logins give. 0: tokens that never end.
  std::chrono::seconds ttl{600}, ttl_of_renewals{600};
  bool renewable = true;
  runtime::Duration delay{0};  // of logins

  // The answers of "GET secret/data/shop", one a request, in place of what would be answered; the last one stays.
  void script(const std::string& request, int status, std::string body) {
    script(request, [status, body = std::move(body)](http::Request&, http::Response& response) {
      response.status = status;
      response.set_body(body, "application/json");
    });
  }
  void script(const std::string& request, Answering answering) { scripts_[request].push_back(std::move(answering)); }
  void forget_script(const std::string& request) { scripts_.erase(request); }

  void keep(const std::string& path, const std::string& fields) { secrets_[path] = fields; }
  void allow(const std::string& token, runtime::Duration left = std::chrono::hours(1)) {
    tokens_[token] = runtime::now() + left;
  }
  void revoke_all() { tokens_.clear(); }

  // Requests of which the line begins so: "POST auth/approle/login".
  int count(std::string_view beginning) const {
    return static_cast<int>(
        std::ranges::count_if(seen_, [&](const auto& seen) { return seen.starts_with(beginning); }));
  }
  const std::vector<std::string>& seen() const { return seen_; }
  const std::string& last_body() const { return last_body_; }
  std::string last_header(const std::string& name) { return last_headers_[name]; }

  std::string address() const { return "http://" + server_.server.address().to_string(); }
  Options options() const {
    return {.address = address(),
            .auth = Auth::approle,
            .role_id = "shop-role",
            .secret_id = Secret("shop-secret-id"),
            .insecure = true};  // as in the simulated world it is another machine
  }
  http::Server& server() { return server_.server; }

 private:
  void answer(http::Request& request, http::Response& response) {
    std::string path(request.target);
    path.erase(0, path.find("/v1/") + 4);
    const std::string line = std::string(request.method_text) + " " + path;
    seen_.push_back(line);
    last_body_ = request.body();
    for (const char* name : {"x-vault-token", "x-vault-namespace", "x-vault-request", "content-type"})
      last_headers_[name] = request.header(name);
    if (const auto found = scripts_.find(line); found != scripts_.end()) {
      const Answering answering = found->second.front();
      if (found->second.size() > 1) found->second.pop_front();
      return answering(request, response);
    }
    const std::string token(request.header("x-vault-token"));
    if (path.ends_with("/login")) return log_in(response);
    if (path.starts_with("sys/health")) return say(response, 200, R"({"initialized": true, "sealed": false})");
    if (!tokens_.contains(token) || runtime::now() >= tokens_[token])
      return say(response, 403, R"({"errors": ["permission denied"]})");
    if (path == "auth/token/renew-self") return renew(token, response);
    if (path == "auth/token/lookup-self") return look_up(token, response);
    const auto secret = secrets_.find(path.substr(path.find("/data/") + 6));
    if (secret == secrets_.end()) return say(response, 404, R"({"errors": []})");
    say(response, 200, R"({"data": {"data": )" + secret->second + R"(, "metadata": {"version": 7}}})");
  }
  void log_in(http::Response& response) {
    runtime::sleep_for(delay);
    const std::string token = "token-" + std::to_string(++logins_);
    allow(token, ttl.count() == 0 ? runtime::Duration(std::chrono::hours(1000)) : ttl);
    say(response, 200, auth(token, ttl));
  }
  void renew(const std::string& token, http::Response& response) {
    allow(token, ttl_of_renewals);
    say(response, 200, auth(token, ttl_of_renewals));
  }
  void look_up(const std::string& token, http::Response& response) {
    const auto left = std::chrono::floor<std::chrono::seconds>(tokens_[token] - runtime::now());
    say(response, 200,
        R"({"data": {"ttl": )" + std::to_string(left.count()) + R"(, "creation_ttl": )" + std::to_string(ttl.count()) +
            R"(, "renewable": )" + (renewable ? "true}}" : "false}}"));
  }
  std::string auth(const std::string& token, std::chrono::seconds lease) const {
    return R"({"auth": {"client_token": ")" + token + R"(", "lease_duration": )" + std::to_string(lease.count()) +
           R"(, "renewable": )" + (renewable ? "true}}" : "false}}");
  }
  static void say(http::Response& response, int status, const std::string& body) {
    response.status = status;
    response.set_body(body, "application/json");
  }

  std::map<std::string, std::deque<Answering>> scripts_;
  std::map<std::string, std::string> secrets_, last_headers_;
  std::map<std::string, runtime::TimePoint> tokens_;
  std::vector<std::string> seen_;
  std::string last_body_;
  int logins_ = 0;
  http::internal::TestServer server_;
};

// Ends the connection in the middle of a reply.
inline void cut_reply(http::Request&, http::Response& response) {
  class Half final : public http::BodyStream {
    std::optional<std::uint64_t> length() const override { return 100; }
    void write_to(http::BodyWriter& writer) override {
      writer.write(R"({"data": {)");
      throw Error(Code::unavailable, "cut");
    }
  };
  response.set_stream(std::make_unique<Half>());
}

// What the store has under that key; "(nothing)", or the code that it throws and its message.
inline std::string read(secrets::Store& store, std::string_view key = "shop/database#password") {
  return secrets::internal::read(store, key);
}

}  // namespace marty::vault::internal
