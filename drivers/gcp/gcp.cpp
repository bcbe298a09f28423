#include "gcp/gcp.hpp"

#include <algorithm>
#include <utility>

#include "gcp/internal/crc32c.hpp"
#include "gcp/internal/exchange.hpp"
#include "gcp/internal/service_account.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/remote.hpp"
#include "marty/secrets/token_cache.hpp"
#include "marty/tls/tls.hpp"

namespace marty::gcp {
namespace {

using internal::exchange;
using internal::kName;
using TokenCache = secrets::TokenCache<Secret>;

constexpr std::size_t kMaxReplyBytes = 1 << 20;  // a secret is at most 64 KiB
constexpr std::size_t kMaxKeyFileBytes = 64 << 10;
constexpr std::size_t kMaxNameBytes = 255;
// A name that need not exist: an answer about it shows that we may ask.
constexpr std::string_view kCheckedPath = "marty-health-check";

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// As Secret Manager can name it.
std::string secret_name(std::string_view path) {
  std::string name;
  for (const char c : path) name += c == '/' ? "--" : std::string(1, c == '.' ? '-' : c);
  if (name.size() <= kMaxNameBytes) return name;
  throw Error(Code::invalid_argument, std::string(kName) + " has no names as long as that of " + std::string(path) +
                                          ": at most " + std::to_string(kMaxNameBytes) + " letters");
}

std::optional<internal::ServiceAccount> read_account(const std::string& path) {
  if (path.empty()) return std::nullopt;
  std::string json = runtime::read_file(path, kMaxKeyFileBytes);
  return internal::ServiceAccount(json, path);
}

// What a reply with a token holds. `advice` ends the error of a refusal.
TokenCache::Login login_of(http::Reply& reply, std::string_view doing, std::string_view endpoint, bool is_metadata) {
  const secrets::Reply body(reply.body);
  const std::string where = std::string(kName) + ": " + std::string(doing) + ": " + std::string(endpoint);
  const bool is_foreign = is_metadata && reply.header("metadata-flavor") != "Google";
  if (reply.status == 200 && !is_foreign && !body.text("/access_token").empty())
    return {body.secret("/access_token"), body.lifetime("/expires_in")};
  if (is_foreign) throw Error(Code::unavailable, where + " is not the metadata server of Google");
  if (reply.status == 200) throw Error(Code::unavailable, where + " answers 200 with something that is no token");
  const std::string reason = body.word("/error");
  const bool is_outage = secrets::code_of_status(reply.status) == Code::unavailable;
  const bool is_about_key = reason == "invalid_grant";
  throw Error(
      is_outage ? Code::unavailable : Code::unauthenticated,
      where + " answers " + std::to_string(reply.status) + (reason.empty() ? "" : " " + reason) +
          (is_about_key ? "; either the key is no longer that of the account or the clocks differ: here it is " +
                              format_timestamp(runtime::wall_now()) + ", there " +
                              std::string(reply.header("date").substr(0, 40))
                        : ""));
}

class SecretManager final : public secrets::Store {
 public:
  SecretManager(const Options& options, std::optional<internal::ServiceAccount> account)
      : endpoint_(without_slash(options.endpoint)),
        project_(*options.project),
        account_(std::move(account)),
        metadata_host_(options.metadata_host.value_or("metadata.google.internal")),
        tls_(options.ca ? std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca = *options.ca}) : nullptr),
        client_({.tls = tls_.get(), .timeout = options.timeout, .max_reply_bytes = kMaxReplyBytes}),
        metadata_client_({.connect_timeout = std::chrono::seconds(1),
                          .timeout = options.timeout,
                          .max_reply_bytes = kMaxReplyBytes}),
        tokens_([this] { return account_ ? log_in() : ask_metadata(); }) {
    if (account_) token_uri_ = options.token_uri.value_or(account_->token_uri());
  }

  std::string_view name() const noexcept override { return kName; }

  std::optional<secrets::Found> get(const secrets::Key& key) override {
    http::Reply reply = ask(key.path);
    const secrets::Reply body(reply.body);
    if (reply.status == 404 && body.integer("/error/code")) return std::nullopt;
    if (reply.status != 200) fail(key.path, reply.status, body);
    const std::string version = body.word("/name");
    return secrets::Found{secrets::select_field(payload_of(key.path, body), key, kName),
                          version.substr(std::min(version.rfind('/') + 1, version.size()))};
  }

  void check() override {
    http::Reply reply = ask(kCheckedPath);
    const secrets::Reply body(reply.body);
    // Of what we may not read it is not told whether it exists.
    const bool is_denied = reply.status == 403 && is_of_one_secret(body) && body.integer("/error/code");
    const bool is_missing = reply.status == 404 && body.integer("/error/code");
    if (reply.status != 200 && !is_denied && !is_missing) fail(kCheckedPath, reply.status, body);
  }

 private:
  http::Reply ask(std::string_view path) {
    const std::string url =
        endpoint_ + "/v1/projects/" + project_ + "/secrets/" + secret_name(path) + "/versions/latest:access";
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

  // RFC 7523 section 2.1.
  TokenCache::Login log_in() {
    std::string form = "grant_type=";
    append_percent_encoded(form, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    form += "&assertion=" + account_->assertion(token_uri_, runtime::wall_now());
    const std::string doing = "cannot log in as " + account_->email();
    http::Reply reply = exchange(client_,
                                 {.method = http::Method::post,
                                  .url = token_uri_,
                                  .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                                  .body = std::move(form)},
                                 doing);
    return login_of(reply, doing, secrets::origin_of(token_uri_), false);
  }

  TokenCache::Login ask_metadata() {
    constexpr std::string_view kDoing = "has no key file, and cannot get a token of the metadata server";
    const std::string origin = "http://" + metadata_host_;
    http::Reply reply = exchange(metadata_client_,
                                 {.url = origin + "/computeMetadata/v1/instance/service-accounts/default/token",
                                  .headers = {{"metadata-flavor", "Google"}}},
                                 kDoing);
    return login_of(reply, kDoing, origin, true);
  }

  Secret payload_of(std::string_view path, const secrets::Reply& body) const {
    auto bytes = base64_decode(body.text("/payload/data"));
    if (!bytes || !body.has_text("/name"))
      throw Error(Code::unavailable, where(path) + " answers 200 with something that is no secret");
    Secret payload = Secret::take(*bytes);
    const auto sum = body.integer("/payload/dataCrc32c");
    if (!sum || *sum == std::int64_t{internal::crc32c(payload.reveal())}) return payload;
    throw Error(Code::unavailable, where(path) + " sent a payload that does not have the checksum beside it");
  }

  // "SERVICE_DISABLED", say.
  static std::string reason_of(const secrets::Reply& body) { return body.word("/error/details/0/reason"); }
  // Whether a 403 is about a permission that is granted for each secret, and not about all that we ask for.
  static bool is_of_one_secret(const secrets::Reply& body) {
    const std::string reason = reason_of(body);
    return reason.empty() || reason == "IAM_PERMISSION_DENIED";
  }

  std::string where(std::string_view path) const {
    return std::string(kName) + ": cannot read " + std::string(path) + " of the project " + project_ + ": " + endpoint_;
  }

  [[noreturn]] void fail(std::string_view path, int status, const secrets::Reply& body) const {
    const std::string kind = body.word("/error/status");
    const std::string reason = reason_of(body);
    Code code = status == 404 ? Code::unavailable : secrets::code_of_status(status);
    std::string advice;
    if (kind == "FAILED_PRECONDITION") {
      code = Code::permission_denied;
      advice = "; the latest version is disabled or destroyed";
    }
    if (status == 403 && is_of_one_secret(body)) {
      const std::string permission = body.word("/error/details/0/metadata/permission");
      advice = "; needed is " + (permission.empty() ? "secretmanager.versions.access" : permission) +
               ", as the role Secret Manager Secret Accessor has it";
    }
    throw Error(code, where(path) + " answers " + std::to_string(status) + (kind.empty() ? "" : " " + kind) +
                          (reason.empty() ? "" : " " + reason) + advice);
  }

  std::string endpoint_;
  std::string project_;
  std::optional<internal::ServiceAccount> account_;
  std::string token_uri_;
  std::string metadata_host_;
  std::unique_ptr<tls::ClientContext> tls_;
  http::Client client_;
  http::Client metadata_client_;
  TokenCache tokens_;
};

}  // namespace

void Options::check(Problems& problems) const {
  secrets::check_url(problems, "/endpoint", endpoint, insecure);
  if (token_uri) secrets::check_url(problems, "/token_uri", *token_uri, insecure);
  if (metadata_host)
    secrets::check_url(problems, "/metadata_host", "http://" + *metadata_host, insecure,
                       secrets::Peer::metadata_service);
}

std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  auto account = read_account(config::option_or(options.key_file, variables, "GOOGLE_APPLICATION_CREDENTIALS"));
  for (const auto& [option, name] :
       {std::pair(&Options::project, "GOOGLE_CLOUD_PROJECT"), std::pair(&Options::metadata_host, "GCE_METADATA_HOST")})
    secrets::take_as_option(kName, options, option, name, config::value_of(variables, name));
  if (account)
    secrets::take_as_option(kName, options, &Options::project, "the project_id of the key file", account->project());
  if (!options.project)
    throw Error(
        Code::invalid_argument,
        std::string(kName) + " needs a project: set secrets.gcp_secret_manager.project or GOOGLE_CLOUD_PROJECT");
  if (account && !options.token_uri && !account->token_uri().starts_with("https://"))
    throw Error(Code::invalid_argument,
                std::string(kName) + ": the token_uri of the key file does not begin with https://");
  return std::make_unique<SecretManager>(options, std::move(account));
}

}  // namespace marty::gcp
