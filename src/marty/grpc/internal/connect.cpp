#include "marty/grpc/internal/connect.hpp"

#include <map>
#include <optional>

#include "marty/base/encoding.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/json/json.hpp"
#include "marty/web/query.hpp"

namespace marty::grpc::internal {
namespace {

struct JsonDetail {
  std::string type;
  std::string value;  // Base64 without padding
};
struct JsonError {
  std::string code;
  std::optional<std::string> message;
  std::vector<JsonDetail> details;
};
struct EndOfStream {
  std::optional<JsonError> error;
  std::map<std::string, std::vector<std::string>> metadata;
};

JsonError json_error(const Status& status) {
  JsonError json{std::string(connect_code_name(status.code)), std::nullopt, {}};
  if (!status.message.empty()) json.message = status.message;
  for (const ErrorDetail& detail : status.details) {
    std::string value = base64_encode(detail.content);
    while (value.ends_with('=')) value.pop_back();
    json.details.push_back({detail.type, std::move(value)});
  }
  return json;
}

template <class Visit>
void for_each_line(std::string_view lines, Visit&& visit) {
  while (!lines.empty()) {
    const std::size_t colon = lines.find(':');
    const std::size_t end = lines.find('\r', colon);
    visit(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

[[noreturn]] void refuse_query(std::string_view what) {
  throw Error(Code::invalid_argument, "a Connect request by GET " + std::string(what));
}

// The decoded value of one parameter.
std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  web::PairReader pairs = web::query_pairs(query);
  while (const auto pair = pairs.next()) {
    if (pair->name != name) continue;
    if (!pair->valid) refuse_query("has parameters that are not percent-encoded");
    return std::string(pair->value);
  }
  return std::nullopt;
}

}  // namespace

void check_connect_version(const http::Request& request) {
  const auto version = request.headers.find("connect-protocol-version");
  if (version && *version != "1")
    throw Error(Code::invalid_argument,
                "the Connect-Protocol-Version " + std::string(*version) + " is not known: 1 is");
}

std::string_view connect_code_name(Code code) noexcept {
  return code == Code::cancelled ? "canceled" : code_info(code).name;
}

int connect_status(Code code) noexcept { return code == Code::failed_precondition ? 400 : code_info(code).http_status; }

std::string connect_error(const Status& status) { return json::to_string(json_error(status)); }

std::string end_of_stream(std::string_view trailers, const Status* status) {
  EndOfStream end;
  if (status != nullptr) end.error = json_error(*status);
  for_each_line(trailers, [&](std::string_view name, std::string_view value) {
    end.metadata[std::string(name)].emplace_back(value);
  });
  std::string frame;
  append_frame(frame, kConnectEnd, json::to_string(end));
  return frame;
}

void move_trailers_to_headers(http::Response& response) {
  const std::string trailers = response.take_trailers();
  for_each_line(trailers, [&](std::string_view name, std::string_view value) {
    response.add_header("trailer-" + std::string(name), value);
  });
}

Format query_format(std::string_view query) {
  const auto version = parameter(query, "connect");
  if (version && *version != "v1") refuse_query("has connect=v1");
  const std::string encoding = parameter(query, "encoding").value_or("");
  if (encoding != "json" && encoding != "proto") refuse_query("has encoding=json or encoding=proto");
  return encoding == "json" ? Format{Framing::connect, Codec::json, "application/json"}
                            : Format{Framing::connect, Codec::proto, "application/proto"};
}

QueryMessage query_message(std::string_view query) {
  auto text = parameter(query, "message");
  if (!text) refuse_query("has its message in the parameter `message`");
  QueryMessage message;
  if (parameter(query, "base64").value_or("") == "1") {
    while (text->ends_with('=')) text->pop_back();
    auto bytes = base64url_decode(*text);
    if (!bytes) refuse_query("with base64=1 has a message in Base64 for URLs");
    message.bytes = std::move(*bytes);
  } else {
    message.bytes = std::move(*text);
  }
  const std::string compression = parameter(query, "compression").value_or("identity");
  message.compressed = compression == "gzip";
  if (!message.compressed && compression != "identity" && !compression.empty())
    throw Error(Code::unimplemented, "messages compressed with " + compression + " cannot be read: gzip can");
  return message;
}

}  // namespace marty::grpc::internal
