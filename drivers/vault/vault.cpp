#include "vault/vault.hpp"

#include <utility>

#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/secrets/remote.hpp"
#include "vault/internal/api.hpp"
#include "vault/internal/session.hpp"

namespace marty::vault {
namespace {

using internal::Answer;
using internal::Request;

Options valid(Options options) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  return options;
}

// The path as Vault's URLs have it: of nothing but characters that need no escape there.
std::string checked(std::string_view path) {
  secrets::Key key = secrets::Key::parse(path);
  if (key.field.empty()) return std::move(key.path);
  throw Error(Code::invalid_argument, "vault: a path is written and listed as a whole, not its field " + key.field);
}

// Vault's word for "there is none": a 404 that complains of nothing. A deleted version comes with its metadata.
bool is_absence(const Answer& answer) {
  const json::Value& errors = answer.at("/errors");
  return answer.status == 404 && (answer.at("/data/metadata").is_object() || (errors.is_array() && errors.size() == 0));
}

std::string version_of(const json::Value& version) { return version.is_integer() ? version.to_string() : ""; }

Secret body_of(const VaultStore::Fields& fields) {
  std::size_t room = 32;
  for (const auto& [name, value] : fields) room += 6 * (name.size() + value.size()) + 8;  // at most: \u0000 each
  std::string body;
  body.reserve(room);  // so that no copy stays behind where it grows
  body += "{\"data\":{";
  for (const auto& [name, value] : fields) {
    if (!body.ends_with('{')) body += ',';
    json::write_string(body, name);
    body += ':';
    json::write_string(body, value.reveal());
  }
  body += "}}";
  return Secret::take(body);
}

}  // namespace

void Options::check(Problems& problems) const {
  const auto require = [&](bool given, std::string_view field, std::string_view method) {
    if (!given) problems.add(field, "is required where auth is " + std::string(method));
  };
  if (auth == Auth::token && token.has_value() == token_file.has_value())
    problems.add("/token", token ? "is one way, and token_file another: give one of them"
                                 : "is required where auth is token, or token_file");
  if (auth == Auth::approle) require(role_id.has_value(), "/role_id", "approle");
  if (auth == Auth::kubernetes) require(role.has_value(), "/role", "kubernetes");
  secrets::check_url(problems, "/address", address, insecure);
  if (ca && !address.starts_with("https:")) problems.add("/ca", "is of no use where the address is not https");
  if (timeout.value() <= std::chrono::nanoseconds(0)) problems.add("/timeout", "must be more than 0s");
}

class VaultStore::State {
 public:
  explicit State(Options given) : options_(valid(std::move(given))), api_(options_), session_(options_, api_) {}

  std::string data_path(std::string_view path) const { return options_.mount + "/data/" + checked(path); }
  std::string list_path(std::string_view path) const {
    return options_.mount + "/metadata/" + (path.empty() ? "" : checked(path) + "/") + "?list=true";
  }

  // With a token. An answer that is neither a success nor an absence is thrown; `capability` is what policies need, and
  // what one of `written` holds is shown in no error.
  Answer send(const Request& request, std::string_view capability, const Fields* written = nullptr) {
    const internal::Session::Held held = session_.token();
    Answer answer = api_.send(request, held->token);
    if (answer.status == 403) {
      if (const internal::Session::Held other = session_.another(held))
        return judge(request, api_.send(request, other->token), capability, other->token, written);
    }
    return judge(request, std::move(answer), capability, held->token, written);
  }

  void check_health() {
    const Request request{.path = "sys/health?standbyok=true&perfstandbyok=true", .in_namespace = false};
    const Answer answer = api_.send(request, Secret());
    if (!answer.is_success()) throw Error(Code::unavailable, api_.refusal(request, answer, {}).message());
    if (!answer.at("/sealed").is_boolean()) throw error(request, "does not answer as Vault does");
  }

  // What only somebody else answers.
  Error error(const Request& request, std::string_view reason) const {
    return api_.error(Code::unavailable, request, reason);
  }

 private:
  Answer judge(const Request& request, Answer answer, std::string_view capability, const Secret& token,
               const Fields* written) const {
    if (answer.is_success() || is_absence(answer)) return answer;
    if (answer.status == 404 && !answer.reply.is_object()) throw error(request, "does not answer as Vault does");
    std::string advice;
    if (answer.status == 404) advice = "is there a KV engine of version 2 at the mount " + options_.mount + "?";
    if (answer.status == 403) {
      const std::string path = request.path.substr(0, request.path.find('?'));
      advice = "the token is not valid any more, or has no policy with path \"" + path + "\" { capabilities = [" +
               std::string(capability) + "] }";
    }
    std::vector<std::string_view> hidden = {token.reveal()};
    if (written != nullptr) {
      for (const auto& [name, value] : *written) hidden.push_back(value.reveal());
    }
    throw api_.refusal(request, answer, hidden, advice);
  }

  const Options options_;
  internal::Api api_;
  internal::Session session_;
};

VaultStore::VaultStore(Options options) : state_(std::make_unique<State>(std::move(options))) {}
VaultStore::~VaultStore() = default;

std::optional<secrets::Found> VaultStore::get(const secrets::Key& key) {
  const Request request{.path = state_->data_path(key.path)};
  const Answer answer = state_->send(request, "\"read\"");
  if (!answer.is_success()) return std::nullopt;
  if (!answer.at("/data/data").is_object())
    throw state_->error(request, "does not answer as a KV engine of version 2 does");
  return secrets::Found{answer.reply.field("/data/data", key, name()), version_of(answer.at("/data/metadata/version"))};
}

void VaultStore::check() { state_->check_health(); }

std::string VaultStore::write(std::string_view path, const Fields& fields) {
  const Request request{.method = http::Method::post, .path = state_->data_path(path), .body = body_of(fields)};
  const Answer answer = state_->send(request, R"("create", "update")", &fields);
  std::string version = version_of(answer.at("/data/version"));
  if (version.empty()) throw state_->error(request, "answers without a version");
  return version;
}

std::vector<std::string> VaultStore::list(std::string_view path) {
  const Request request{.path = state_->list_path(path)};
  const Answer answer = state_->send(request, "\"list\"");
  std::vector<std::string> names;
  if (!answer.is_success()) return names;
  const json::Value& keys = answer.at("/data/keys");
  if (!keys.is_array()) throw state_->error(request, "answers without a list");
  for (const json::Value& key : keys.as_array()) {
    if (key.is_string()) names.push_back(key.as_string());
  }
  return names;
}

void VaultStore::remove(std::string_view path) {
  state_->send({.method = http::Method::del, .path = state_->data_path(path)}, "\"delete\"");
}

std::unique_ptr<secrets::Store> store(Options options) { return std::make_unique<VaultStore>(std::move(options)); }

}  // namespace marty::vault
