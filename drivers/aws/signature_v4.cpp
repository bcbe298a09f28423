#include "aws/signature_v4.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>

#include "marty/base/check.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"

namespace marty::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                              EVP_sha256(), nullptr);
  MARTY_CHECK(done == 1);
  return digest;
}

Secret hmac(const Secret& key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned size = 0;
  const auto* made = HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &size);
  MARTY_CHECK(made != nullptr);
  return Secret(std::string_view(reinterpret_cast<const char*>(code.data()), size));
}

// What `separator` separates.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string encode(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text);
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_code =
        text[at] == '%' && text.size() - at > 2 && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
    out += is_code ? static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2])) : text[at];
    if (is_code) at += 2;
  }
  return out;
}

std::string canonical_path(std::string_view path, bool normalize) {
  std::vector<std::string_view> segments;
  for (const std::string_view part : split(path.substr(path.starts_with('/') ? 1 : 0), '/')) {
    if (normalize && part == ".." && !segments.empty()) segments.pop_back();
    if (normalize && (part.empty() || part == "." || part == "..")) continue;
    segments.push_back(part);
  }
  std::string out;
  for (const std::string_view segment : segments) out += "/" + encode(segment);
  const bool ends_in_slash = normalize && path.ends_with('/') && !segments.empty();
  return out.empty() || ends_in_slash ? out + "/" : out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    parameters.emplace_back(encode(percent_decode(part.substr(0, equals))), encode(percent_decode(value)));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// Without white space around it, and with one space for each run of it.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_space) out += c;
    if (is_space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::map<std::string, std::string> canonical_headers(const SignedRequest& request) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const auto [at, is_new] = headers.emplace(lower, canonical_value(value));
    if (!is_new) at->second += "," + canonical_value(value);
  }
  return headers;
}

std::string signed_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& header : headers) names += (names.empty() ? "" : ";") + header.first;
  return names;
}

}  // namespace

std::string amz_date(Timestamp time) {
  const std::string text = format_timestamp(std::chrono::time_point_cast<std::chrono::seconds>(time));
  std::string date;
  for (const char c : text) {
    if (c != '-' && c != ':') date += c;
  }
  return date;
}

std::string canonical_request(const SignedRequest& request, bool normalize) {
  const auto headers = canonical_headers(request);
  std::string out = std::string(request.method) + "\n" + canonical_path(request.path, normalize) + "\n" +
                    canonical_query(request.query) + "\n";
  for (const auto& [name, value] : headers) out += name + ":" + value + "\n";
  return out + "\n" + signed_names(headers) + "\n" + hex_encode(sha256(request.body));
}

std::string authorization(const SignedRequest& request, const Credentials& credentials, SigningScope scope,
                          bool normalize) {
  const auto headers = canonical_headers(request);
  const auto date = headers.find("x-amz-date");
  if (date == headers.end() || date->second.size() < 8)
    throw Error(Code::invalid_argument, "a request to AWS cannot be signed without the header x-amz-date");
  const std::string day = date->second.substr(0, 8);
  const std::string where = day + "/" + std::string(scope.region) + "/" + std::string(scope.service) + "/aws4_request";
  const std::string to_sign = std::string(kAlgorithm) + "\n" + date->second + "\n" + where + "\n" +
                              hex_encode(sha256(canonical_request(request, normalize)));

  std::string first = "AWS4" + std::string(credentials.secret_access_key.reveal());
  Secret key = Secret::take(first);
  for (const std::string_view part : {std::string_view(day), scope.region, scope.service}) key = hmac(key, part);
  key = hmac(key, "aws4_request");
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" + where +
         ", SignedHeaders=" + signed_names(headers) + ", Signature=" + hex_encode(hmac(key, to_sign).reveal());
}

}  // namespace marty::aws
