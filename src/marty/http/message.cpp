#include "marty/http/message.hpp"

#include <array>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/http/internal/characters.hpp"
#include "marty/http/internal/problem.hpp"
#include "marty/http/internal/put.hpp"

namespace marty::http {
namespace {

using internal::all_in_class;
using internal::kToken;

constexpr std::array<std::string_view, 10> kMethodNames{"GET",   "HEAD",    "POST",  "PUT",     "DELETE",
                                                        "PATCH", "OPTIONS", "TRACE", "CONNECT", "OTHER"};

// What the server alone knows how to set.
bool is_set_by_server(std::string_view name) {
  return token_is(name, "date") || token_is(name, "connection") || token_is(name, "content-length") ||
         token_is(name, "transfer-encoding");
}

void append_line(std::string& lines, std::string_view name, std::string_view value) {
  const std::size_t before = lines.size();
  const std::size_t after = before + name.size() + value.size() + 4;
  lines.resize_and_overwrite(after, [&](char* text, std::size_t) {
    using internal::put;
    put(put(put(put(text + before, name), ": "), value), "\r\n");
    return after;
  });
}

void check_header(std::string_view name, std::string_view value) {
  if (name.empty() || !all_in_class(name, kToken)) {
    throw Error(Code::invalid_argument,
                "a response header has a name with characters that HTTP forbids (RFC 9110 section 5.6.2)");
  }
  if (!internal::is_field_value(value)) {
    throw Error(Code::invalid_argument,
                "the response header " + std::string(name) + " has a value with control characters");
  }
  if (is_set_by_server(name)) {
    throw Error(Code::invalid_argument,
                "the response header " + std::string(name) +
                    " is the server's to set: it follows from the body; close_connection() closes the connection");
  }
}

}  // namespace

std::string_view method_name(Method method) noexcept { return kMethodNames[static_cast<std::size_t>(method)]; }

Method parse_method(std::string_view name) noexcept {
  switch (name.size()) {
    case 3:
      return name == "GET" ? Method::get : name == "PUT" ? Method::put : Method::other;
    case 4:
      return name == "POST" ? Method::post : name == "HEAD" ? Method::head : Method::other;
    case 5:
      return name == "PATCH" ? Method::patch : name == "TRACE" ? Method::trace : Method::other;
    case 6:
      return name == "DELETE" ? Method::del : Method::other;
    case 7:
      return name == "OPTIONS" ? Method::options : name == "CONNECT" ? Method::connect : Method::other;
    default:
      return Method::other;
  }
}

bool is_safe(Method method) noexcept {
  return method == Method::get || method == Method::head || method == Method::options || method == Method::trace;
}

bool is_idempotent(Method method) noexcept { return is_safe(method) || method == Method::put || method == Method::del; }

bool header_name_equals(std::string_view left, std::string_view right) noexcept {
  return equals_ignore_case(left, right);
}

std::optional<std::string_view> HeaderList::find(std::string_view name) const noexcept {
  for (const Header& header : headers_) {
    if (equals_ignore_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

bool HeaderList::contains_token(std::string_view name, std::string_view token) const noexcept {
  return list(name).contains(token);
}

// Both searches end: add_header() wrote the line, and neither a name nor a value can hold ':' respectively CR before
// it.
Header internal::take_line(std::string_view& lines) noexcept {
  const std::size_t colon = lines.find(':');
  const std::size_t end = lines.find('\r', colon);
  const Header header{lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2)};
  lines.remove_prefix(end + 2);
  return header;
}

std::string_view Request::query() const noexcept {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

void Response::add_header(std::string_view name, std::string_view value) {
  value = internal::trim_blanks(value);
  check_header(name, value);
  add_header_unchecked(name, value);
}

void Response::add_header_unchecked(std::string_view name, std::string_view value) {
  append_line(begun() ? trailers_ : head_, name, value);
}

void Response::add_trailer(std::string_view name, std::string_view value) {
  value = internal::trim_blanks(value);
  check_header(name, value);
  append_line(trailers_, name, value);
}

void Response::add_trailer_unchecked(std::string_view name, std::string_view value) {
  append_line(trailers_, name, value);
}

ResponseChannel& Response::channel() const {
  if (channel_ == nullptr) throw Error(Code::failed_precondition, "this response is not attached to a connection");
  if (status < 200 || status > 999)
    throw Error(Code::internal, "the handler answered with a status that is none of HTTP");
  return *channel_;
}

BodyWriter& Response::begin() {
  if (writer_ == nullptr) writer_ = &channel().begin(*this);
  return *writer_;
}

BodyWriter& Response::begin_stream(std::optional<std::uint64_t> length) {
  if (writer_ == nullptr) writer_ = &channel().begin_stream(*this, length);
  return *writer_;
}

void Response::set_header(std::string_view name, std::string_view value) {
  if (!head_.empty() && !begun()) {
    check_header(name, value);  // before the old one is gone
    remove_header(name);
  }
  add_header(name, value);
}

void Response::remove_header(std::string_view name) noexcept {
  for (std::size_t at = 0; at < head_.size();) {
    std::string_view rest = std::string_view(head_).substr(at);
    const std::size_t before = rest.size();
    const bool found = header_name_equals(internal::take_line(rest).name, name);
    const std::size_t size = before - rest.size();
    found ? void(head_.erase(at, size)) : void(at += size);
  }
}

std::string_view Response::header(std::string_view name) const noexcept {
  for (std::string_view lines = head_; !lines.empty();) {
    const Header header = internal::take_line(lines);
    if (header_name_equals(header.name, name)) return header.value;
  }
  return {};
}

void Response::add_to_list(std::string_view name, std::string_view element) {
  const ListField before = list(name);
  if (before.empty()) return set_header(name, element);
  if (before.contains(element)) return;
  std::string all;
  for (const std::string_view each : before) all.append(each).append(", ");
  set_header(name, all.append(element));
}

void Response::set_body(std::string_view content, std::string_view content_type) {
  set_header("content-type", content_type);
  body_.assign(content);
}

void Response::clear() noexcept {
  status = 200;
  head_.clear();
  body_.clear();
  trailers_.clear();
  stream_.reset();
  writer_ = nullptr;
  close_ = failed_ = false;
}

void Handler::refuse(Request&, Response& response, const Error& refusal) {
  internal::set_problem(response, refusal.http_status(), refusal.code(), refusal.message());
}

}  // namespace marty::http
