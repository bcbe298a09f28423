#include "azure/azure.hpp"

#include <utility>

#include "azure/internal/exchange.hpp"
#include "azure/internal/tokens.hpp"
#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/secrets/remote.hpp"
#include "marty/tls/tls.hpp"

namespace marty::azure {
namespace {

using internal::exchange;
using internal::kName;

constexpr std::size_t kMaxReplyBytes = 1 << 20;  // a secret is at most 25 KiB
constexpr std::size_t kMaxNameBytes = 127;
// A name that need not exist: an answer about it shows that we may ask.
constexpr std::string_view kCheckedPath = "marty-health-check";

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// As the vault can name it.
std::string vault_name(std::string_view path) {
  std::string name;
  for (const char c : path) name += c == '/' ? "--" : std::string(1, c == '_' || c == '.' ? '-' : c);
  if (name.size() <= kMaxNameBytes) return name;
  throw Error(Code::invalid_argument, std::string(kName) + " has no names as long as that of " + std::string(path) +
                                          ": at most " + std::to_string(kMaxNameBytes) + " letters");
}

class KeyVault final : public secrets::Store {
 public:
  KeyVault(const Options& options, const config::Variables& variables)
      : vault_url_(without_slash(options.vault_url)),
        tls_(options.ca ? std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca = *options.ca}) : nullptr),
        client_({.tls = tls_.get(), .timeout = options.timeout, .max_reply_bytes = kMaxReplyBytes}),
        metadata_client_({.tls = tls_.get(),
                          .connect_timeout = std::chrono::seconds(1),
                          .timeout = options.timeout,
                          .max_reply_bytes = kMaxReplyBytes}),
        tokens_(internal::token_source(options, variables, {client_, metadata_client_})) {}

  std::string_view name() const noexcept override { return kName; }

  std::optional<secrets::Found> get(const secrets::Key& key) override {
    http::Reply reply = ask(key.path);
    const secrets::Reply body(reply.body);
    if (reply.status == 404 && body.has_text("/error/code")) return std::nullopt;
    if (reply.status != 200) fail(key.path, reply.status, body);
    if (!body.has_text("/value")) {
      throw Error(Code::unavailable, where(key.path) + " answers 200 with something that is no secret");
    }
    const std::string id = body.word("/id");
    return secrets::Found{secrets::select_field(body.secret("/value"), key, kName),
                          id.substr(std::min(id.rfind('/') + 1, id.size()))};
  }

  void check() override {
    http::Reply reply = ask(kCheckedPath);
    const secrets::Reply body(reply.body);
    const bool is_known = body.has_text("/value") || body.has_text("/error/code");
    const bool is_heard = reply.status == 200 || reply.status == 404 ||
                          (reply.status == 403 && body.text("/error/innererror/code") != "ForbiddenByFirewall");
    if (!is_known || !is_heard) fail(kCheckedPath, reply.status, body);
  }

 private:
  http::Reply ask(std::string_view path) {
    const std::string url = vault_url_ + "/secrets/" + vault_name(path) + "?api-version=7.4";
    const auto held = tokens_.get();
    http::Reply reply = send(url, path, held->token);
    if (reply.status != 401) return reply;
    tokens_.reject(held);
    return send(url, path, tokens_.get()->token);
  }

  http::Reply send(const std::string& url, std::string_view path, const Secret& token) {
    return exchange(client_, {.url = url, .headers = {{"authorization", "Bearer " + std::string(token.reveal())}}},
                    "cannot read " + std::string(path));
  }

  std::string where(std::string_view path) const {
    return std::string(kName) + ": cannot read " + std::string(path) + ": " + vault_url_;
  }

  [[noreturn]] void fail(std::string_view path, int status, const secrets::Reply& body) const {
    std::string reason = body.word("/error/code");
    const std::string inner = body.word("/error/innererror/code");
    if (!inner.empty()) reason += (reason.empty() ? "" : " ") + inner;
    std::string advice;
    if (inner == "SecretDisabled") advice = "; it is disabled in the vault";
    if (inner == "ForbiddenByFirewall") advice = "; the firewall of the vault does not let this host in";
    if (status == 403 && advice.empty()) advice = "; needed is the role Key Vault Secrets User, or a policy with get";
    if (status == 401) advice = "; tokens are for the wrong resource or tenant";
    const Code code = status == 404 || status == 200 ? Code::unavailable : secrets::code_of_status(status);
    throw Error(code,
                where(path) + " answers " + std::to_string(status) + (reason.empty() ? "" : " ") + reason + advice);
  }

  std::string vault_url_;
  std::unique_ptr<tls::ClientContext> tls_;
  http::Client client_;
  http::Client metadata_client_;
  internal::TokenCache tokens_;
};

}  // namespace

void Options::check(Problems& problems) const {
  secrets::check_url(problems, "/vault_url", vault_url, insecure);
  if (login_endpoint) secrets::check_url(problems, "/login_endpoint", *login_endpoint, insecure);
  secrets::check_url(problems, "/metadata_endpoint", metadata_endpoint, insecure, secrets::Peer::metadata_service);
  if (client_secret && federated_token_file)
    problems.add("/federated_token_file", "is of no use beside client_secret: give one of them");
}

std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  options.metadata_endpoint = without_slash(options.metadata_endpoint);
  return std::make_unique<KeyVault>(options, variables);
}

}  // namespace marty::azure
