#include "aws/internal/credentials.hpp"

#include <algorithm>
#include <utility>

#include "aws/internal/exchange.hpp"
#include "aws/internal/sts_reply.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::aws::internal {
namespace {

using Login = CredentialCache::Login;
using Source = std::function<Login()>;
using Headers = std::vector<std::pair<std::string, std::string>>;

// A refusal where the status says one, else that the source does not work now.
[[noreturn]] void refuse(std::string_view doing, std::string_view endpoint, int status, const std::string& reason) {
  const bool is_outage = secrets::code_of_status(status) == Code::unavailable;
  throw Error(is_outage ? Code::unavailable : Code::unauthenticated,
              std::string(kName) + ": " + std::string(doing) + ": " + std::string(endpoint) + " answers " +
                  std::to_string(status) + (reason.empty() ? "" : " " + reason));
}

// Credentials that have expired already are used for a moment: whether they still count, AWS knows.
runtime::Duration lifetime_until(std::optional<Timestamp> expiration) {
  constexpr runtime::Duration kLeast = std::chrono::seconds(10);
  if (!expiration) return std::chrono::hours(1);
  return std::max<runtime::Duration>(*expiration - runtime::wall_now(), kLeast);
}

// The form that containers and instances give credentials in.
Login credentials_of(http::Reply& reply, std::string_view doing, std::string_view endpoint) {
  const secrets::Reply body(reply.body);
  const std::string reason = body.word("/Code") == "Success" ? "" : body.word("/Code");
  if (reply.status != 200) refuse(doing, endpoint, reply.status, reason);
  Login login{{std::string(body.text("/AccessKeyId")), body.secret("/SecretAccessKey"), body.secret("/Token")},
              lifetime_until(parse_timestamp(body.text("/Expiration")))};
  if (!login.token.access_key_id.empty() && !login.token.secret_access_key.empty()) return login;
  throw Error(Code::unavailable, std::string(kName) + ": " + std::string(doing) + ": " + std::string(endpoint) +
                                     " sent no credentials" + (reason.empty() ? "" : ": " + reason));
}

Source fixed(std::string access_key_id, Secret secret_access_key, Secret session_token) {
  return [credentials = Credentials{std::move(access_key_id), std::move(secret_access_key), std::move(session_token)}] {
    return Login{credentials};
  };
}

Source web_identity(std::string endpoint, std::string role_arn, std::string session_name, std::string file,
                    http::Client& client) {
  return [=, &client] {
    constexpr std::string_view kDoing = "cannot exchange the web identity for a role";
    const Secret token = secrets::read_token_file(file, kName, kDoing);
    std::string form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=";
    append_percent_encoded(form, role_arn);
    append_percent_encoded(form += "&RoleSessionName=", session_name);
    append_percent_encoded(form += "&WebIdentityToken=", token.reveal());
    http::Reply reply = exchange(client,
                                 {.method = http::Method::post,
                                  .url = endpoint + "/",
                                  .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                                  .body = std::move(form)},
                                 kDoing);
    StsReply result = parse_sts_reply(reply.body);
    const bool is_outage = result.error == "IDPCommunicationError" || result.error == "Throttling";
    if (reply.status != 200) refuse(kDoing, endpoint, is_outage ? 503 : reply.status, result.error);
    if (result.credentials.access_key_id.empty() || result.credentials.secret_access_key.empty())
      throw Error(Code::unavailable,
                  std::string(kName) + ": " + std::string(kDoing) + ": " + endpoint + " sent no credentials");
    return Login{std::move(result.credentials), lifetime_until(result.expiration)};
  };
}

// `name` is that of the variable which `url` is of. A token goes out to it.
Source container(std::string_view name, std::string url, bool insecure, const config::Variables& variables,
                 http::Client& client) {
  const std::string problem =
      secrets::url_problem(std::string_view(url).substr(0, url.find('?')), insecure, secrets::Peer::metadata_service);
  if (!problem.empty())
    throw Error(Code::invalid_argument, std::string(kName) + ": the URL of " + std::string(name) + " " + problem);
  const std::string file = config::value_of(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const Secret token(config::value_of(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  return [=, &client] {
    constexpr std::string_view kDoing = "cannot get the credentials of the container";
    const Secret shown = file.empty() ? token : secrets::read_token_file(file, kName, kDoing);
    Headers headers;
    if (!shown.empty()) headers.emplace_back("authorization", shown.reveal());
    http::Reply reply = exchange(client, {.url = url, .headers = std::move(headers)}, kDoing);
    return credentials_of(reply, kDoing, secrets::origin_of(url));
  };
}

Source instance(std::string endpoint, http::Client& client) {
  return [=, &client] {
    constexpr std::string_view kDoing =
        "has no credentials in its options and its environment, and cannot get those of the instance";
    http::Reply session = exchange(client,
                                   {.method = http::Method::put,
                                    .url = endpoint + "/latest/api/token",
                                    .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
                                   kDoing);
    if (session.status != 200 || session.body.empty()) refuse(kDoing, endpoint, session.status, "for a session");
    const Secret token = Secret::take(session.body);
    const auto ask = [&](const std::string& path) {
      const Headers headers = {{"x-aws-ec2-metadata-token", std::string(token.reveal())}};
      return exchange(
          client, {.url = endpoint + "/latest/meta-data/iam/security-credentials/" + path, .headers = headers}, kDoing);
    };
    http::Reply roles = ask("");
    const std::string role = roles.body.substr(0, roles.body.find('\n'));
    if (roles.status != 200 || role.empty()) refuse(kDoing, endpoint, roles.status, "for a role: it may have none");
    std::string path;
    append_percent_encoded(path, role);
    http::Reply reply = ask(path);
    return credentials_of(reply, kDoing, endpoint);
  };
}

}  // namespace

std::string default_endpoint(std::string_view service, std::string_view region) {
  return "https://" + std::string(service) + "." + std::string(region) +
         (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

Source credential_source(const Options& options, const config::Variables& variables, const std::string& region,
                         Clients clients) {
  const auto get = [&](std::string_view name) { return config::value_of(variables, name); };
  if (options.access_key_id)
    return fixed(*options.access_key_id, *options.secret_access_key, options.session_token.value_or(Secret()));
  if (const std::string id = get("AWS_ACCESS_KEY_ID"); !id.empty()) {
    if (get("AWS_SECRET_ACCESS_KEY").empty())
      throw Error(Code::invalid_argument,
                  std::string(kName) + ": AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
    return fixed(id, Secret(get("AWS_SECRET_ACCESS_KEY")), Secret(get("AWS_SESSION_TOKEN")));
  }
  const std::string role = config::option_or(options.role_arn, variables, "AWS_ROLE_ARN");
  const std::string file = config::option_or(options.web_identity_token_file, variables, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!role.empty() && !file.empty()) {
    const std::string name = config::option_or(options.role_session_name, variables, "AWS_ROLE_SESSION_NAME");
    return web_identity(options.sts_endpoint.value_or(default_endpoint("sts", region)), role,
                        name.empty() ? "marty" : name, file, clients.aws);
  }
  for (const auto& [name, host] : {std::pair("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "http://169.254.170.2"),
                                   std::pair("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")}) {
    if (const std::string given = get(name); !given.empty())
      return container(name, host + given, options.insecure, variables, clients.metadata);
  }
  if (get("AWS_EC2_METADATA_DISABLED") == "true")
    throw Error(Code::invalid_argument, std::string(kName) +
                                            ": has no credentials in its options and its environment, and "
                                            "AWS_EC2_METADATA_DISABLED keeps it from asking for those of the instance");
  constexpr std::string_view kEndpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  Options resolved = options;
  secrets::take_as_option(kName, resolved, &Options::metadata_endpoint, kEndpoint, get(kEndpoint));
  return instance(resolved.metadata_endpoint.value_or("http://169.254.169.254"), clients.metadata);
}

}  // namespace marty::aws::internal
