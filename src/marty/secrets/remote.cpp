#include "marty/secrets/remote.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "marty/base/authority.hpp"
#include "marty/reflect/formats.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/file.hpp"
#include "marty/runtime/time.hpp"

namespace marty::secrets {
namespace {

constexpr std::size_t kMaxWordBytes = 100;
constexpr std::size_t kMaxTokenBytes = 64 << 10;

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-.:#/").find(c) != std::string_view::npos;
}

// Of an address as "127.0.0.1", and not a name such as 127.0.0.1.example.com.
bool is_ipv4_of(std::string_view network, std::string_view host) {
  return host.starts_with(network) && host.find_first_not_of("0123456789.") == std::string_view::npos &&
         std::ranges::count(host, '.') == 3;
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || is_ipv4_of("127.", host);
}

bool is_metadata_service(std::string_view host) {
  return host == "metadata.google.internal" || host == "[fd00:ec2::254]" || host == "[fd00:ec2::23]" ||
         is_ipv4_of("169.254.", host);
}

// What queries hold is not for errors.
std::string without_queries(std::string_view text) {
  std::string shown;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return shown += text;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", scheme), text.size());
    const std::size_t query = std::min(text.find_first_of("?#", scheme), end);
    shown += text.substr(0, query);
    if (query < end && text[end - 1] == ':') shown += ':';  // the text's own, as in "GET URL: reason"
    text.remove_prefix(end);
  }
}

void clear_strings(json::Value& value) {
  if (value.is_string()) clear(const_cast<std::string&>(value.as_string()));
  if (value.is_array()) {
    for (json::Value& element : value.as_array()) clear_strings(element);
  }
  if (value.is_object()) {
    for (auto& member : value.as_object()) clear_strings(member.value);
  }
}

}  // namespace

Reply::Reply(std::string& text, std::size_t max_bytes) {
  try {
    object_ = json::Value::parse(text, {.max_bytes = max_bytes});
  } catch (const Error&) {  // its message may quote what it found
  }
  clear(text);
}

Reply::Reply(Reply&& other) noexcept : object_(std::exchange(other.object_, json::Value())) {}
Reply::~Reply() { clear_strings(object_); }

Secret Reply::field(std::string_view pointer, const Key& key, std::string_view store) const {
  static const json::Value kNone = json::Value::object();
  const json::Value* found = object_.find_pointer(pointer);
  const json::Value& fields = found != nullptr && found->is_object() ? *found : kNone;
  std::vector<std::string> names;
  for (const auto& [name, value] : fields.as_object()) names.push_back(name);
  const std::string name = choose_field(key, names, store);
  const json::Value& value = fields[name];
  if (value.is_string()) return Secret(value.as_string());
  if (!value.is_number() && !value.is_boolean()) {
    throw Error(Code::invalid_argument, "the field " + name + " of the secret " + key.path + " of " +
                                            std::string(store) + " is " + std::string(value.type_name()) +
                                            ": only texts, numbers and booleans can be given");
  }
  std::string text = value.to_string();
  return Secret::take(text);
}

std::string_view Reply::text(std::string_view pointer) const {
  const json::Value* found = object_.find_pointer(pointer);
  return found != nullptr && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
}

bool Reply::has_text(std::string_view pointer) const {
  const json::Value* found = object_.find_pointer(pointer);
  return found != nullptr && found->is_string();
}

std::string Reply::word(std::string_view pointer) const { return word_of(text(pointer)); }

std::optional<std::int64_t> Reply::integer(std::string_view pointer) const {
  const json::Value* found = object_.find_pointer(pointer);
  if (found != nullptr && found->fits_signed()) return found->as_integer();
  const std::string_view digits = text(pointer);
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::chrono::nanoseconds Reply::lifetime(std::string_view pointer) const {
  constexpr std::int64_t kMost = std::int64_t{10} * 365 * 24 * 3600;
  return std::chrono::seconds(std::clamp<std::int64_t>(integer(pointer).value_or(3600), 1, kMost));
}

std::string url_problem(std::string_view url, bool insecure, Peer peer) {
  constexpr std::string_view kPlain = "http://", kSecure = "https://";
  const bool is_plain = url.starts_with(kPlain), is_secure = url.starts_with(kSecure);
  std::string_view host = authority_of(url);
  if ((!is_plain && !is_secure) || !is_connectable(host) || !reflect::is_uri(url) ||
      url.find_first_of("?#") != std::string_view::npos)
    return "is no URL of a scheme, a host and perhaps a port and a path: write it as https://host";
  host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  if (is_secure || insecure || is_this_machine(host) || (peer == Peer::metadata_service && is_metadata_service(host)))
    return "";
  return "is plain HTTP to another machine, where whoever is in between reads the secrets: use https://, or set "
         "insecure: true";
}

void check_url(Problems& problems, std::string_view field, std::string_view url, bool insecure, Peer peer) {
  if (std::string problem = url_problem(url, insecure, peer); !problem.empty()) problems.add(field, std::move(problem));
}

std::string word_of(std::string_view text) {
  return text.size() <= kMaxWordBytes && std::ranges::all_of(text, is_word_character) ? std::string(text) : "";
}

Error not_reached(std::string_view store, std::string_view doing, std::string_view endpoint, const Error& cause) {
  const std::string where = std::string(store) + ": " + std::string(doing) + ": " + std::string(endpoint);
  const bool is_ours = runtime::cancelled() || runtime::now() >= runtime::deadline();
  switch (cause.code()) {
    case Code::cancelled:
      return cause;
    case Code::deadline_exceeded:
      if (is_ours) return Error(Code::deadline_exceeded, where + " did not answer before the deadline");
      return Error(Code::unavailable, where + " did not answer in time");
    case Code::out_of_range:
      return Error(Code::unavailable, where + " sent a larger reply than any that is expected");
    case Code::invalid_argument:  // its message may quote a header, and so a token
      return Error(Code::invalid_argument, where + " cannot be asked: its URL, or what is to be sent, is malformed");
    default:
      return Error(Code::unavailable, where + " cannot be reached: " + without_queries(cause.message()));
  }
}

Secret read_token_file(const std::string& path, std::string_view store, std::string_view doing) {
  constexpr std::string_view kSpace = " \t\r\n";
  try {
    std::string text = runtime::read_file(path, kMaxTokenBytes);
    const std::size_t start = std::min(text.find_first_not_of(kSpace), text.size());
    Secret token(std::string_view(text).substr(start, text.find_last_not_of(kSpace) + 1 - start));
    clear(text);
    if (!token.empty()) return token;
    throw Error(Code::failed_precondition, path + " is empty");
  } catch (const Error& error) {
    if (error.code() == Code::cancelled || error.code() == Code::deadline_exceeded) throw;
    throw Error(Code::unauthenticated, std::string(store) + ": " + std::string(doing) + ": " + error.message());
  }
}

std::string_view origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", scheme + 3));
}

Code code_of_status(int status) noexcept {
  if (status == 401) return Code::unauthenticated;
  if (status == 403) return Code::permission_denied;
  return status == 408 || status == 429 || status >= 500 || status < 400 ? Code::unavailable : Code::invalid_argument;
}

}  // namespace marty::secrets
