#include "aws/aws.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "aws/internal/credentials.hpp"
#include "aws/internal/exchange.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/json/json.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/secrets/remote.hpp"
#include "marty/tls/tls.hpp"

namespace marty::aws {
namespace {

using internal::CredentialCache;
using internal::exchange;
using internal::kName;
using Names = std::initializer_list<std::string_view>;

constexpr std::size_t kMaxReplyBytes = 1 << 20;  // a secret is at most 64 KiB
// A name that need not exist: an answer about it shows that we may ask.
constexpr std::string_view kCheckedName = "marty-health-check";

bool is_one_of(std::string_view code, Names names) { return std::ranges::find(names, code) != names.end(); }

// Those that the source of the credentials may have replaced.
bool are_stale(std::string_view code) {
  return is_one_of(code,
                   {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"});
}

bool is_about_time(std::string_view code) {
  return is_one_of(code,
                   {"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"});
}

// What AWS calls it, without the namespace that some services put before it.
std::string error_code(const secrets::Reply& body, const http::Reply& reply) {
  std::string code = body.word("/__type");
  if (code.empty()) code = secrets::word_of(reply.header("x-amzn-errortype"));
  const std::size_t hash = code.find('#');
  if (hash != std::string::npos) code.erase(0, hash + 1);
  return code.substr(0, code.find(':'));
}

Code code_of(std::string_view error, int status) {
  if (is_one_of(error, {"AccessDeniedException", "AccessDenied", "DecryptionFailure", "NotAuthorized"}))
    return Code::permission_denied;
  if (are_stale(error) || is_about_time(error) ||
      is_one_of(error, {"IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken",
                        "MissingAuthenticationTokenException", "InvalidAccessKeyId", "OptInRequired"}))
    return Code::unauthenticated;
  if (is_one_of(error, {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
                        "InternalServiceError", "InternalFailure", "ServiceUnavailable"}))
    return Code::unavailable;
  return secrets::code_of_status(status);
}

std::string advice(std::string_view error, const http::Reply& reply) {
  if (error == "DecryptionFailure") return "; the key that the secret is encrypted with needs kms:Decrypt";
  if (is_one_of(error, {"AccessDeniedException", "AccessDenied"}))
    return "; needed are secretsmanager:GetSecretValue and, with a key of your own, kms:Decrypt";
  if (is_about_time(error))
    return "; either the secret access key is wrong or the clocks differ: here it is " + amz_date(runtime::wall_now()) +
           ", there " + std::string(reply.header("date").substr(0, 40));
  return "";
}

class SecretsManager final : public secrets::Store {
 public:
  SecretsManager(const Options& options, const config::Variables& variables, std::string region)
      : region_(std::move(region)),
        endpoint_(options.endpoint.value_or(internal::default_endpoint("secretsmanager", region_))),
        tls_(options.ca ? std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca = *options.ca}) : nullptr),
        client_({.tls = tls_.get(), .timeout = options.timeout, .max_reply_bytes = kMaxReplyBytes}),
        metadata_client_({.tls = tls_.get(),
                          .connect_timeout = std::chrono::seconds(1),
                          .timeout = options.timeout,
                          .max_reply_bytes = kMaxReplyBytes}),
        credentials_(internal::credential_source(options, variables, region_, {client_, metadata_client_})) {}

  std::string_view name() const noexcept override { return kName; }

  std::optional<secrets::Found> get(const secrets::Key& key) override {
    std::optional<secrets::Found> found = read(key.path);
    if (found) found->value = secrets::select_field(std::move(found->value), key, kName);
    return found;
  }

  void check() override {
    try {
      read(kCheckedName);
    } catch (const Error& error) {
      if (error.code() != Code::permission_denied) throw;  // which is of that name, and we were heard
    }
  }

 private:
  std::optional<secrets::Found> read(std::string_view path) {
    auto held = credentials_.get();
    http::Reply reply = send(path, held->token);
    secrets::Reply body(reply.body);
    std::string error = reply.status == 200 ? "" : error_code(body, reply);
    if (!are_stale(error)) return result(path, reply, body, error);
    credentials_.reject(held);
    held = credentials_.get();
    http::Reply second = send(path, held->token);
    const secrets::Reply second_body(second.body);
    return result(path, second, second_body, second.status == 200 ? "" : error_code(second_body, second));
  }

  // Reading is safe to repeat, and a pooled connection may have been closed at its other end at that moment.
  http::Reply send(std::string_view path, const Credentials& credentials) {
    try {
      return send_once(path, credentials);
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      return send_once(path, credentials);
    }
  }

  http::Reply send_once(std::string_view path, const Credentials& credentials) {
    std::string body = R"({"SecretId":)";
    json::write_string(body, path);
    body += "}";
    SignedRequest to_sign{.method = "POST",
                          .path = "/",
                          .query = "",
                          .headers = {{"host", host()},
                                      {"content-type", "application/x-amz-json-1.1"},
                                      {"x-amz-date", amz_date(runtime::wall_now())},
                                      {"x-amz-target", "secretsmanager.GetSecretValue"}},
                          .body = body};
    if (!credentials.session_token.empty())
      to_sign.headers.emplace_back("x-amz-security-token", credentials.session_token.reveal());
    const std::string proof = authorization(to_sign, credentials, {region_, "secretsmanager"});
    auto headers = std::move(to_sign.headers);
    headers.erase(headers.begin());  // the client says it
    headers.emplace_back("authorization", proof);
    return exchange(client_, {.method = http::Method::post, .url = endpoint_ + "/", .headers = headers, .body = body},
                    "cannot read " + std::string(path));
  }

  // As the client sends it: without the port that goes without saying.
  std::string host() const {
    std::string_view host = secrets::origin_of(endpoint_);
    const std::string_view usual = host.starts_with("https://") ? ":443" : ":80";
    host.remove_prefix(std::min(host.find("://") + 3, host.size()));
    if (host.ends_with(usual)) host.remove_suffix(usual.size());
    return std::string(host);
  }

  std::optional<secrets::Found> result(std::string_view path, const http::Reply& reply, const secrets::Reply& body,
                                       const std::string& error) const {
    if (reply.status == 200) return secrets::Found{value_of(path, body), body.word("/VersionId")};
    if (error == "ResourceNotFoundException") return std::nullopt;
    const std::string_view said = body.text("/message").empty() ? body.text("/Message") : body.text("/message");
    const bool is_deleted = said.find("delet") != std::string_view::npos;
    if (error == "InvalidRequestException" && is_deleted) return std::nullopt;
    fail(code_of(error, reply.status), path,
         "answers " + std::to_string(reply.status) + (error.empty() ? "" : " " + error) + advice(error, reply));
  }

  Secret value_of(std::string_view path, const secrets::Reply& body) const {
    if (body.has_text("/SecretString")) return body.secret("/SecretString");
    auto bytes = base64_decode(body.text("/SecretBinary"));
    if (body.has_text("/SecretBinary") && bytes) return Secret::take(*bytes);
    fail(Code::unavailable, path, "answers 200 with something that is no secret");
  }

  [[noreturn]] void fail(Code code, std::string_view path, const std::string& reason) const {
    throw Error(code, std::string(kName) + ": cannot read " + std::string(path) + ": " + endpoint_ + " " + reason);
  }

  std::string region_;
  std::string endpoint_;
  std::unique_ptr<tls::ClientContext> tls_;
  http::Client client_;
  http::Client metadata_client_;
  CredentialCache credentials_;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

void Options::check(Problems& problems) const {
  if (endpoint) secrets::check_url(problems, "/endpoint", *endpoint, insecure);
  if (sts_endpoint) secrets::check_url(problems, "/sts_endpoint", *sts_endpoint, insecure);
  if (metadata_endpoint)
    secrets::check_url(problems, "/metadata_endpoint", *metadata_endpoint, insecure, secrets::Peer::metadata_service);
  if (access_key_id.has_value() != secret_access_key.has_value())
    problems.add("/secret_access_key", "goes with access_key_id: give both or none");
  if (session_token && !access_key_id) problems.add("/session_token", "goes with access_key_id and secret_access_key");
  if (role_arn.has_value() != web_identity_token_file.has_value())
    problems.add("/web_identity_token_file", "goes with role_arn: give both or none");
  if (access_key_id && role_arn) problems.add("/role_arn", "is of no use beside access_key_id: give one of them");
}

std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  for (auto* url : {&options.endpoint, &options.sts_endpoint, &options.metadata_endpoint}) {
    if (*url) **url = without_slash(**url);
  }
  for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto at = variables.find(name); at != variables.end())
      secrets::take_as_option(kName, options, &Options::region, name, at->second);
  }
  if (!options.region)
    throw Error(Code::invalid_argument,
                std::string(kName) +
                    " needs a region: set secrets.aws_secrets_manager.region or AWS_REGION, such as eu-west-1");
  return std::make_unique<SecretsManager>(options, variables, *options.region);
}

}  // namespace marty::aws
