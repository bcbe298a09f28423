#include "kubernetes/internal/api_store.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/base/encoding.hpp"
#include "marty/base/strings.hpp"

namespace marty::kubernetes::internal {
namespace {

// A secret holds at most 1 MiB, which Base64 makes longer, as do annotations.
constexpr std::size_t kMaxReplyBytes = 4 << 20;
constexpr std::size_t kMaxNameBytes = 253;
constexpr std::size_t kMaxSaidBytes = 300;

std::unique_ptr<tls::ClientContext> trust(const Options& options, std::string_view server) {
  if (!server.starts_with("https:")) return nullptr;
  return std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca = options.ca_file});
}

// What a file of the service account holds.
Secret read_account_file(const std::string& path, std::string_view option) {
  return secrets::read_token_file(path, "kubernetes", "cannot log in: " + std::string(option));
}

// What the server says of an error, which names who was refused what, on one line.
std::string words_of(const secrets::Reply& reply, const Secret& token) {
  const std::string_view said = reply.text("/message");
  if (said.find(token.reveal()) != std::string_view::npos) return "in words that hold the token";
  std::string words(utf8_prefix(said, kMaxSaidBytes));
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return words;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// RFC 1123: labels between dots, each of letters, digits and '-', which is not at its ends.
bool is_dns_name(std::string_view name) {
  if (name.size() > kMaxNameBytes) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || !is_letter_or_digit(label.front()) || !is_letter_or_digit(label.back())) return false;
    if (!std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; })) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string secret_name(std::string_view path) {
  std::string name;
  for (const char c : secrets::Key::parse(path).path) name += c == '/' ? "--" : std::string(1, c == '_' ? '-' : c);
  if (path.find('#') == std::string_view::npos && is_dns_name(name)) return name;
  throw Error(Code::invalid_argument, "kubernetes: a secret cannot be called " + name + ", which " + std::string(path) +
                                          " would be: names are of lower case letters, digits, '-' and '.'");
}

ApiStore::ApiStore(Options options, std::string server)
    : options_(std::move(options)),
      server_(std::move(server)),
      tls_(trust(options_, server_)),
      client_({.tls = tls_.get(),
               .connect_timeout = options_.timeout,
               .timeout = options_.timeout,
               .max_reply_bytes = kMaxReplyBytes}),
      namespace_(options_.cluster_namespace.value_or("")) {}

std::optional<secrets::Found> ApiStore::get(const secrets::Key& key) {
  const std::string name = secret_name(key.path), own = own_namespace();
  const std::string path = "/api/v1/namespaces/" + own + "/secrets/" + name;
  const Answer answer = send(path);
  const std::string kind = answer.reply.word("/kind");
  if (answer.status == 404 && kind == "Status") return std::nullopt;
  if (answer.status == 403) {
    throw refusal(path, answer,
                  "the service account needs a Role in the namespace " + own +
                      " with apiGroups [\"\"], resources [\"secrets\"], verbs [\"get\"]");
  }
  if (answer.status != 200 && answer.status != 404) throw refusal(path, answer);
  if (answer.status == 404 || kind != "Secret")
    throw error(Code::unavailable, path, "does not answer as an API server does");
  const Secret encoded = answer.reply.field("/data", key, this->name());
  std::optional<std::string> decoded = base64_decode(encoded.reveal());
  if (!decoded) throw error(Code::unavailable, path, "answers with data that is not Base64");
  return secrets::Found{Secret::take(*decoded), answer.reply.word("/metadata/resourceVersion")};
}

void ApiStore::check() {
  const std::string path = "/readyz";
  const Answer answer = send(path);
  if (answer.status != 200) throw refusal(path, answer);
}

// Where a token is refused, its file may hold another one by now.
ApiStore::Answer ApiStore::send(const std::string& path) {
  const Secret token = read_account_file(options_.token_file, "token_file");
  Answer answer = send_with(path, token);
  if (answer.status == 401) {
    const Secret other = read_account_file(options_.token_file, "token_file");
    if (!(other == token)) return send_with(path, other);
  }
  return answer;
}

ApiStore::Answer ApiStore::send_with(const std::string& path, const Secret& token) {
  try {
    http::Reply reply = send_once(path, token);
    Answer answer{reply.status, secrets::Reply(reply.body, kMaxReplyBytes), ""};
    if (answer.status != 200) answer.words = words_of(answer.reply, token);
    return answer;
  } catch (const Error& error) {
    throw secrets::not_reached("kubernetes", "GET " + path, server_, error);
  }
}

// Where the server is not to be trusted, its authority may be another one by now.
http::Reply ApiStore::send_once(const std::string& path, const Secret& token) {
  const auto send = [&] {
    http::OutgoingRequest request{.url = server_ + path};
    request.headers.emplace_back("accept", "application/json");
    request.headers.emplace_back("authorization", "Bearer " + std::string(token.reveal()));
    return client_.send(std::move(request));
  };
  try {
    return send();
  } catch (const Error& error) {
    if (error.code() != Code::unavailable || tls_ == nullptr || !tls_->reload_if_changed()) throw;
  }
  return send();
}

std::string ApiStore::own_namespace() {
  const std::lock_guard lock(reading_);
  if (namespace_.empty()) {
    const Secret read = read_account_file(options_.namespace_file, "namespace_file");
    if (read.reveal().find('.') != std::string_view::npos || !is_dns_name(read.reveal()))
      throw Error(Code::invalid_argument, "kubernetes: " + options_.namespace_file + " names no namespace");
    namespace_ = read.reveal();
  }
  return namespace_;
}

Error ApiStore::error(Code code, const std::string& path, std::string_view reason) const {
  return Error(code, "kubernetes: GET " + path + ": " + server_ + " " + std::string(reason));
}

Error ApiStore::refusal(const std::string& path, const Answer& answer, std::string_view advice) const {
  std::string reason =
      "answers " + std::to_string(answer.status) + " (" + std::string(http::reason_phrase(answer.status)) + ")";
  if (!answer.words.empty()) reason += ": " + answer.words;
  if (!advice.empty()) reason += "; " + std::string(advice);
  return error(secrets::code_of_status(answer.status), path, reason);
}

}  // namespace marty::kubernetes::internal
