#include "vault/internal/api.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/strings.hpp"

namespace marty::vault::internal {
namespace {

// Vault stores no secret of more than 1 MiB; in JSON it may be longer.
constexpr std::size_t kMaxReplyBytes = 4 << 20;
constexpr std::size_t kMaxSaidBytes = 300;

std::unique_ptr<tls::ClientContext> trust(const Options& options) {
  if (!options.ca) return nullptr;
  return std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca = *options.ca});
}

Code code_of(int status) {
  switch (status) {
    case 412:  // a standby that does not have yet what the active node has
    case 472:
    case 473:
      return Code::unavailable;
    default:
      return secrets::code_of_status(status);
  }
}

std::string_view meaning_of(int status) {
  switch (status) {
    case 307:
      return "a standby that does not forward: give the address of the active node";
    case 403:
      return "refused";
    case 429:
      return "too many requests, or a standby";
    case 472:
      return "a secondary for disaster recovery, which serves nobody";
    case 473:
      return "a performance standby, which does not serve";
    case 501:
      return "not initialized";
    case 503:
      return "sealed, or down for maintenance";
    default:
      return http::reason_phrase(status);
  }
}

// What Vault says of its errors, on one line.
std::string words_of(const Answer& answer) {
  std::string words;
  const json::Value& errors = answer.at("/errors");
  if (!errors.is_array()) return words;
  for (const json::Value& error : errors.as_array()) {
    if (error.is_string()) words += (words.empty() ? "" : "; ") + error.as_string();
  }
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return words;
}

}  // namespace

const json::Value& Answer::at(std::string_view pointer) const {
  static const json::Value kNothing;
  const json::Value* found = reply.find(pointer);
  return found == nullptr ? kNothing : *found;
}

Api::Api(const Options& options)
    : address_(options.address),
      namespace_(options.vault_namespace.value_or("")),
      tls_(trust(options)),
      client_({.tls = tls_.get(),
               .connect_timeout = options.timeout,
               .timeout = options.timeout,
               .max_reply_bytes = kMaxReplyBytes}) {
  while (address_.ends_with('/')) address_.pop_back();
}

Answer Api::send(const Request& request, const Secret& token) {
  try {
    http::Reply reply = send_once(request, token);
    return {reply.status, secrets::Reply(reply.body, kMaxReplyBytes)};
  } catch (const Error& error) {
    throw secrets::not_reached("vault", request.text(), address_, error);
  }
}

// Where Vault is not to be trusted, its authority may be another one by now.
http::Reply Api::send_once(const Request& request, const Secret& token) {
  const auto send = [&] {
    http::OutgoingRequest outgoing{.method = request.method, .url = address_ + "/v1/" + request.path};
    outgoing.headers.emplace_back("x-vault-request", "true");  // agents that guard against forged requests want it
    if (!token.empty()) outgoing.headers.emplace_back("x-vault-token", token.reveal());
    if (!namespace_.empty() && request.in_namespace) outgoing.headers.emplace_back("x-vault-namespace", namespace_);
    if (!request.body.empty()) outgoing.headers.emplace_back("content-type", "application/json");
    outgoing.body = request.body.reveal();
    return client_.send(std::move(outgoing));
  };
  try {
    return send();
  } catch (const Error& error) {
    if (error.code() != Code::unavailable || tls_ == nullptr || !tls_->reload_if_changed()) throw;
  }
  return send();
}

Error Api::error(Code code, const Request& request, std::string_view reason) const {
  return Error(code, "vault: " + request.text() + ": " + address_ + " " + std::string(reason));
}

Error Api::refusal(const Request& request, const Answer& answer, const std::vector<std::string_view>& hidden,
                   std::string_view advice) const {
  std::string reason = "answers " + std::to_string(answer.status) + " (" + std::string(meaning_of(answer.status)) + ")";
  const std::string words = words_of(answer);
  const bool tells = std::ranges::any_of(
      hidden, [&](std::string_view text) { return !text.empty() && words.find(text) != std::string::npos; });
  if (!words.empty())
    reason += tells ? ", in words that hold a secret" : ": " + std::string(utf8_prefix(words, kMaxSaidBytes));
  if (!advice.empty()) reason += "; " + std::string(advice);
  return error(code_of(answer.status), request, reason);
}

}  // namespace marty::vault::internal
