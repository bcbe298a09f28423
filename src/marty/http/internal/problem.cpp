#include "marty/http/internal/problem.hpp"

#include <string>

namespace marty::http::internal {
namespace {

// A JSON string of any bytes: what is not plain ASCII becomes '?', since messages may quote what a client sent.
void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += byte < 0x7f ? c : '?';
    }
  }
  out += '"';
}

}  // namespace

void set_problem(Response& response, int status, Code code, std::string_view detail) {
  const CodeInfo& info = code_info(code);
  const std::string_view phrase = reason_phrase(status);
  response.clear();
  response.status = status;
  response.add_header("content-type", "application/problem+json");
  std::string& body = response.body();
  body += "{\"type\":\"about:blank\",\"title\":";
  append_json_string(body, info.http_status == status || phrase.empty() ? info.title : phrase);
  body += ",\"status\":";
  body += std::to_string(status);
  if (!detail.empty()) {
    body += ",\"detail\":";
    append_json_string(body, detail);
  }
  body += ",\"code\":";
  append_json_string(body, info.name);
  body += "}";
}

}  // namespace marty::http::internal
