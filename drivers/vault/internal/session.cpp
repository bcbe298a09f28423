#include "vault/internal/session.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/json/json.hpp"

namespace marty::vault::internal {
namespace {

runtime::Duration seconds(const json::Value& value) {
  constexpr std::int64_t kMost = std::int64_t{10} * 365 * 24 * 3600;
  return std::chrono::seconds(value.fits_signed() ? std::clamp<std::int64_t>(value.as_integer(), 0, kMost) : 0);
}

bool is_true(const json::Value& value) { return value.is_boolean() && value.as_boolean(); }

Secret read_token_file(const std::string& path, std::string_view option) {
  return secrets::read_token_file(path, "vault", "cannot log in: " + std::string(option));
}

// The beginning of a JSON object, with one member.
std::string object_with(std::string_view name, std::string_view text) {
  std::string json = "{";
  json::write_string(json, name);
  json += ':';
  json::write_string(json, text);
  return json;
}

}  // namespace

Session::Held Session::another(const Held& refused) {
  const std::lock_guard turn(turn_);
  Held held = tokens_.get();
  if (held == refused) {
    const runtime::TimePoint now = runtime::now();
    if (!can_log_in_anew() || (doubted_ && now - *doubted_ < kPause)) return nullptr;
    doubted_ = now;
    if (is_alive(refused->token)) return nullptr;
    is_refused_ = true;
    tokens_.reject(refused);
    held = tokens_.get();
  }
  return held->token == refused->token ? nullptr : held;
}

// A token whose policies do not let it look at itself counts as one that Vault does not know.
bool Session::is_alive(const Secret& token) {
  const Request request{.path = "auth/token/lookup-self"};
  const Answer answer = api_.send(request, token);
  if (answer.is_success()) return true;
  const Error error = api_.refusal(request, answer, {token.reveal()});
  if (error.code() == Code::unavailable) throw error;
  return false;
}

Session::Cache::Login Session::obtain() {
  const bool is_refused = is_refused_.exchange(false);
  if (is_refused || !grant_ || !grant_->renewable || !renew()) grant_ = log_in();
  const Grant& grant = *grant_;
  if (grant.left == runtime::Duration::zero()) return {grant.token};
  // It ends a little early for us, so that a request which is under way at its end is not refused.
  const runtime::Duration margin = std::min<runtime::Duration>(grant.left / 10, std::chrono::seconds(5));
  const runtime::Duration left = grant.left - margin - (runtime::now() - grant.asked);
  return {.token = grant.token,
          .lifetime = std::max(left, runtime::Duration::zero()),
          .renew_early = std::min(grant.whole / 3, grant.left / 2) - margin};
}

// False where that does not help: Vault refuses, or the token's longest time is near (at it, Vault answers 500).
bool Session::renew() {
  const runtime::TimePoint asked = runtime::now();
  const Request request{.method = http::Method::post, .path = "auth/token/renew-self", .body = Secret("{}")};
  const Answer answer = api_.send(request, grant_->token);
  if (!answer.is_success()) return false;
  grant_->asked = asked;
  grant_->left = seconds(answer.at("/auth/lease_duration"));
  grant_->renewable = is_true(answer.at("/auth/renewable"));
  return grant_->left >= grant_->whole / 3 && grant_->left > runtime::Duration::zero();
}

Session::Grant Session::log_in() {
  switch (options_.auth) {
    case Auth::token:
      break;
    case Auth::approle: {
      const std::string role = object_with("role_id", options_.role_id.value_or(""));
      if (!options_.secret_id) return log_in_with(role, Secret());
      return log_in_with(role + R"(,"secret_id":)", *options_.secret_id);
    }
    case Auth::kubernetes:
      return log_in_with(object_with("role", options_.role.value_or("")) + R"(,"jwt":)",
                         read_token_file(options_.jwt_file, "jwt_file"));
  }
  return look_up_given_token();
}

// What a token may not know of itself counts as if it never ended: Vault will say when it does.
Session::Grant Session::look_up_given_token() {
  Grant grant{.asked = runtime::now()};
  grant.token =
      options_.token_file ? read_token_file(*options_.token_file, "token_file") : options_.token.value_or(Secret());
  const Request request{.path = "auth/token/lookup-self"};
  const Answer answer = api_.send(request, grant.token);
  if (!answer.is_success()) {
    const Error error = api_.refusal(request, answer, {grant.token.reveal()});
    if (error.code() == Code::unavailable) throw error;
    return grant;
  }
  grant.left = seconds(answer.at("/data/ttl"));
  grant.whole = std::max(seconds(answer.at("/data/creation_ttl")), grant.left);
  grant.renewable = is_true(answer.at("/data/renewable"));
  return grant;
}

// `proof` is what shows who we are, or empty; `body_start` is the JSON before it.
Session::Grant Session::log_in_with(std::string_view body_start, const Secret& proof) {
  const std::string method = options_.auth == Auth::approle ? "approle" : "kubernetes";
  std::string body;
  body.reserve(body_start.size() + 6 * proof.size() + 8);  // so that no copy stays behind where it grows
  body += body_start;
  if (!proof.empty()) json::write_string(body, proof.reveal());
  body += '}';
  const Request request{.method = http::Method::post,
                        .path = "auth/" + options_.auth_mount.value_or(method) + "/login",
                        .body = Secret::take(body)};
  const runtime::TimePoint asked = runtime::now();
  const Answer answer = api_.send(request, Secret());
  if (!answer.is_success()) {
    const Error error = api_.refusal(request, answer, {proof.reveal()}, "this was the login by " + method);
    throw error.code() == Code::unavailable ? error : Error(Code::unauthenticated, error.message());
  }
  Secret token = answer.reply.secret("/auth/client_token");
  if (token.empty()) throw api_.error(Code::unauthenticated, request, "answers the login without a token");
  const runtime::Duration left = seconds(answer.at("/auth/lease_duration"));
  return {std::move(token), asked, left, left, is_true(answer.at("/auth/renewable"))};
}

}  // namespace marty::vault::internal
