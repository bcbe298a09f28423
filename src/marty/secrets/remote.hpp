// What stores have in common that are asked over the network: how they read replies and tell of failures.
//
//   try {
//     reply = client.send(request);
//   } catch (const Error& error) {
//     throw not_reached("vault", "cannot read shop/database", endpoint, error);
//   }
//   Reply body(reply.body);                                  // a JSON object; reply.body is cleared
//   Secret token = body.secret("/auth/client_token");
//
// Options that say whom to ask are checked by check_url(), and take_as_option() has what an environment says in their
// place go by the same rules.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/secret.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/secrets/store.hpp"

namespace marty::secrets {

// A JSON object with secrets in it: its memory is cleared at the end, and nothing of it gets into an error unasked.
class Reply {
 public:
  // Clears `text`. One that is no JSON object, or larger, reads as one without members.
  explicit Reply(std::string& text, std::size_t max_bytes = 1 << 20);
  ~Reply();
  Reply(Reply&& other) noexcept;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  bool is_object() const noexcept { return object_.is_object(); }
  // What a JSON Pointer leads to. "" where there is no string.
  std::string_view text(std::string_view pointer) const;
  bool has_text(std::string_view pointer) const;
  Secret secret(std::string_view pointer) const { return Secret(text(pointer)); }
  // The same for errors, through word_of().
  std::string word(std::string_view pointer) const;
  // An integer, or a string that holds one.
  std::optional<std::int64_t> integer(std::string_view pointer) const;
  // Seconds, at least one, that a token lives; an hour where the reply does not say.
  std::chrono::nanoseconds lifetime(std::string_view pointer) const;
  // What a JSON Pointer leads to, or null.
  const json::Value* find(std::string_view pointer) const { return object_.find_pointer(pointer); }
  // Where the object that a JSON Pointer leads to is a secret: its field by choose_field(), a text as it is, a number
  // or boolean as JSON writes it. Throws Error(invalid_argument) as that does, and for anything else.
  Secret field(std::string_view pointer, const Key& key, std::string_view store) const;

 private:
  json::Value object_;
};

// Whom a store asks. A metadata service gives its credentials at an address of the machine or of its link.
enum class Peer : std::uint8_t { server, metadata_service };

// Why a store may not ask `url`, worded to follow the name of what says it; "" where it may. A URL is a scheme, a host
// and perhaps a port and a path. Plain HTTP goes to this machine only (127.0.0.0/8, [::1], localhost), and that to a
// metadata service to what no router passes on, too (169.254.0.0/16, RFC 3927; the addresses that AWS has in
// fd00:ec2::; metadata.google.internal). `insecure` is the option of that name, which allows it to any.
std::string url_problem(std::string_view url, bool insecure, Peer peer = Peer::server);

// The same for check() of options: `field` is "/address".
void check_url(Problems& problems, std::string_view field, std::string_view url, bool insecure,
               Peer peer = Peer::server);

// Where the option was not given, `value` is it, unless that is empty. `source` says where it stands: the name of a
// variable. Throws Error(invalid_argument), "STORE: SOURCE must match ...", where it breaks the rules of the options,
// which were valid without it.
template <class Options>
void take_as_option(std::string_view store, Options& options, std::optional<std::string> Options::*option,
                    std::string_view source, std::string value) {
  if (options.*option || value.empty()) return;
  options.*option = std::move(value);
  const auto problems = reflect::validate(options);
  if (problems.empty()) return;
  throw Error(Code::invalid_argument, std::string(store) + ": " + std::string(source) + " " + problems.front().message);
}

// "http://host:port" of a URL, for errors.
std::string_view origin_of(std::string_view url);

// `text` where it may stand in an error: a word of at most 100 letters, digits, '_', '-', '.', ':', '#', '/'. Else "".
std::string word_of(std::string_view text);

// The error of a request that got no reply: unavailable, or that of the fiber where it was interrupted (its deadline
// has passed, it was cancelled), or invalid_argument where the endpoint is no URL. `doing` is "cannot read shop/db".
// The message: "STORE: DOING: ENDPOINT REASON". URLs in the reason end with their path.
Error not_reached(std::string_view store, std::string_view doing, std::string_view endpoint, const Error& cause);

// Sends a request by an http::Client, which is of a higher layer; what goes wrong throws as not_reached() says.
template <class Client, class Request>
auto exchange(std::string_view store, std::string_view doing, Client& client, Request request) {
  const std::string endpoint(origin_of(request.url));
  try {
    return client.send(std::move(request));
  } catch (const Error& error) {
    throw not_reached(store, doing, endpoint, error);
  }
}

// The content of a file that holds one token, without the white space around it. For each use anew: what mounts such
// files replaces them before they expire. Throws Error(unauthenticated): "STORE: DOING: why it cannot be read".
Secret read_token_file(const std::string& path, std::string_view store, std::string_view doing);

// For unexpected statuses: unavailable for 408, 429 and 5xx, unauthenticated for 401, permission_denied for 403, else
// invalid_argument.
Code code_of_status(int status) noexcept;

}  // namespace marty::secrets
