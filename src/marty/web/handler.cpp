#include "marty/web/handler.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/json/json.hpp"
#include "marty/web/internal/field_reader.hpp"
#include "marty/web/internal/form.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/percent.hpp"
#include "marty/web/protocol.hpp"
#include "marty/web/query.hpp"
#include "marty/web/route.hpp"

namespace marty::web::internal {
namespace {

using reflect::Kind;

void add_problem(Exchange& exchange, std::string_view place, std::string_view name, std::string message) {
  if (!message.empty()) exchange.problems().add(std::string(place) + "." + std::string(name), std::move(message));
}

bool takes_list(const ParameterInfo& info) {
  return info.type->kind == Kind::sequence || (info.optional && info.type->element->kind == Kind::sequence);
}

// Reads one value into a scalar, an optional or a list; `found` says whether there was one before.
void read_value(Exchange& exchange, std::string_view place, const ParameterInfo& info, const Pair& pair, bool& found,
                void* value) {
  if (!pair.valid) {
    add_problem(exchange, place, info.name, "must be percent-encoded UTF-8");
  } else if (found && !takes_list(info)) {
    add_problem(exchange, place, info.name, "is given more than once");
  } else {
    add_problem(exchange, place, info.name, read_text(*info.type, pair.value, value));
  }
  found = true;
}

void require(Exchange& exchange, std::string_view place, const ParameterInfo& info, bool found) {
  if (!found && !info.optional && info.type->kind != Kind::sequence)
    add_problem(exchange, place, info.name, "is required");
}

void read_path(Exchange& exchange, const ParameterInfo& info, void* value) {
  std::string buffer;
  const auto decode = [&](std::size_t position) {
    const std::string_view raw = exchange.match().parameter(position);
    const auto text = percent_decode(raw, buffer);
    return Pair{{}, text.value_or(raw), text && is_utf8(*text)};
  };
  if (!info.name.empty()) {
    bool found = false;
    return read_value(exchange, "path", info, decode(info.position), found, value);
  }
  FieldReader reader(*info.type, value, "path", exchange.problems());
  const auto& names = exchange.route()->parameter_names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Pair pair = decode(i);
    reader.take(names[i], pair.value, pair.valid);
  }
  reader.finish();
}

// The pairs of a query string, of cookies or of form fields.
template <class NextPair>
void read_pairs(Exchange& exchange, std::string_view place, const ParameterInfo& info, void* value, NextPair next) {
  if (info.name.empty()) {
    FieldReader reader(*info.type, value, place, exchange.problems());
    while (const auto pair = next()) reader.take(pair->name, pair->value, pair->valid);
    return reader.finish();
  }
  bool found = false;
  while (const auto pair = next()) {
    if (pair->name == info.name) read_value(exchange, place, info, *pair, found, value);
  }
  require(exchange, place, info, found);
}

// Elements with commas between them, on however many lines: the style "simple" of OpenAPI.
void read_header_list(Exchange& exchange, const ParameterInfo& info, void* value) {
  if (!exchange.request().headers.has(info.name)) return;
  if (info.optional) info.type->optional->emplace(value);
  bool found = false;
  for (const std::string_view element : exchange.request().list(info.name))
    read_value(exchange, "header", info, {info.name, element, is_utf8(element)}, found, value);
}

void read_header(Exchange& exchange, const ParameterInfo& info, void* value) {
  if (takes_list(info)) return read_header_list(exchange, info, value);
  bool found = false;
  for (const http::Header& header : exchange.request().headers) {
    if (!http::header_name_equals(header.name, info.name)) continue;
    const Pair pair{header.name, header.value, is_utf8(header.value)};
    read_value(exchange, "header", info, pair, found, value);
  }
  require(exchange, "header", info, found);
}

void read_cookies(Exchange& exchange, const ParameterInfo& info, void* value) {
  bool found = false;
  for (const http::Header& header : exchange.request().headers) {
    if (!http::header_name_equals(header.name, "cookie")) continue;
    PairReader pairs = cookie_pairs(header.value);
    while (const auto pair = pairs.next()) {
      // The first one counts: user agents send the most specific path first (RFC 6265 section 5.4).
      if (!found && pair->name == info.name) read_value(exchange, "cookie", info, *pair, found, value);
    }
  }
  require(exchange, "cookie", info, found);
}

// Bodies are read as they are (RFC 9110 section 15.5.16).
void refuse_content_coding(Exchange& exchange) {
  const auto is_coded = [](std::string_view coding) { return !equals_ignore_case(coding, "identity"); };
  if (std::ranges::none_of(exchange.request().list("content-encoding"), is_coded)) return;
  exchange.response().set_header("accept-encoding", "identity");
  throw Error(Code::invalid_argument, "send the body as it is, without Content-Encoding").with_http_status(415);
}

void read_body(Exchange& exchange, const ParameterInfo& info, void* value) {
  http::Request& request = exchange.request();
  if (request.body_source == nullptr && info.optional) return;
  refuse_content_coding(exchange);
  const std::string_view content_type = request.header("content-type");
  if (request.body_source != nullptr && content_type != "application/json" &&
      !parse_media_type(content_type).is_json()) {
    throw Error(Code::invalid_argument, "send the body as JSON, with Content-Type: application/json")
        .with_http_status(415);
  }
  const std::string_view text = request.body(exchange.max_body_bytes());
  if (text.empty()) {
    if (!info.optional) exchange.problems().add("", "a JSON body is required");
    return;
  }
  json::Limits limits;
  limits.max_bytes = exchange.max_body_bytes();
  json::parse_into(*info.type, value, text, limits, json::View::request, exchange.problems());
}

void read_form_fields(Exchange& exchange, const ParameterInfo& info, void* value) {
  const auto& fields = exchange.form().fields;
  read_pairs(exchange, "form", info, value, [at = fields.begin(), end = fields.end()]() mutable -> std::optional<Pair> {
    if (at == end) return std::nullopt;
    const auto& field = *at++;
    return Pair{field.name, field.value, field.valid};
  });
}

void read_file(Exchange& exchange, const ParameterInfo& info, void* value) {
  auto& files = exchange.form().files;
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const auto& entry) { return entry.first == info.name; });
  if (file == files.end()) {
    if (!info.optional) add_problem(exchange, "form", info.name, "is required: a part with a file name");
  } else if (info.optional) {
    *static_cast<std::optional<File>*>(value) = std::move(file->second);
  } else {
    *static_cast<File*>(value) = std::move(file->second);
  }
}

void check_query_names(Exchange& exchange, const RouteHandler& handler) {
  PairReader pairs = query_pairs(exchange.request().query());
  const auto& known = handler.query_names;
  while (const auto pair = pairs.next()) {
    if (exchange.problems().full()) return;
    if (std::find(known.begin(), known.end(), pair->name) != known.end()) continue;
    std::string message = "is not known";
    if (const auto near = nearest(pair->name, known)) message += "; did you mean " + std::string(*near) + "?";
    exchange.problems().add("query." + std::string(pair->name.substr(0, 64)), std::move(message));
  }
}

void check_acceptable(Exchange& exchange, std::string_view media_type) {
  const std::string_view essence = media_type.substr(0, media_type.find(';'));
  if (acceptable(exchange.request().list("accept"), essence)) return;
  throw Error(Code::invalid_argument,
              "the reply is " + std::string(essence) + ", which the Accept header does not admit")
      .with_http_status(406);
}

}  // namespace

void read_parameter(Exchange& exchange, const ParameterInfo& info, void* value) {
  const bool of_message = info.in != In::header && info.in != In::cookie;
  if (of_message && exchange.transcoder() != nullptr) return exchange.transcoder()->read(exchange, info, value);
  if (info.in == In::form || info.in == In::file) refuse_content_coding(exchange);
  switch (info.in) {
    case In::path:
      return read_path(exchange, info, value);
    case In::query: {
      PairReader pairs = query_pairs(exchange.request().query());
      return read_pairs(exchange, "query", info, value, [&] { return pairs.next(); });
    }
    case In::header:
      return read_header(exchange, info, value);
    case In::cookie:
      return read_cookies(exchange, info, value);
    case In::body:
      return read_body(exchange, info, value);
    case In::form:
      return read_form_fields(exchange, info, value);
    case In::file:
      return read_file(exchange, info, value);
  }
}

void read_done(Exchange& exchange, const RouteHandler& handler) {
  if (exchange.transcoder() != nullptr) return exchange.throw_problems();
  if (handler.reads_query && !handler.takes_request) check_query_names(exchange, handler);
  exchange.throw_problems();
  const ResultInfo& result = handler.result;
  if (!result.media_type.empty() && !result.varies) check_acceptable(exchange, result.media_type);
}

int success_status(const Exchange& exchange) { return exchange.route()->success_status(); }

void throw_not_found(const Exchange&) { throw Error(Code::not_found, "there is no such resource"); }

namespace {

// Unless a Reply has named its own. Most responses have no header yet; the literals need no check.
void set_content_type(http::Response& response, std::string_view literal) {
  if (!response.wire_headers().empty() && !response.header("content-type").empty()) return;
  response.add_header_unchecked("content-type", literal);
}

}  // namespace

void write_result(Exchange& exchange, int status, const reflect::Type& type, const void* value) {
  if (exchange.transcoder() != nullptr) return exchange.transcoder()->write(exchange, type, value);
  http::Response& response = exchange.response();
  response.body().clear();
  json::write(response.body(), type, value, json::View::response);
  response.status = status;
  set_content_type(response, "application/json");
}

void write_text(Exchange& exchange, std::string&& content, std::string_view media_type) {
  http::Response& response = exchange.response();
  response.status = success_status(exchange);
  // Copying keeps the buffer that the response reuses; a large content is worth more than the buffer.
  if (content.size() <= response.body().capacity()) {
    response.body().assign(content);
  } else {
    response.body() = std::move(content);
  }
  set_content_type(response, media_type);
}

void write_blob(Exchange& exchange, Blob&& blob) {
  exchange.response().status = success_status(exchange);
  exchange.response().body() = std::move(blob.content);
  exchange.response().set_header("content-type", blob.content_type);
}

void write_nothing(Exchange& exchange, int status) {
  if (exchange.transcoder() != nullptr) return exchange.transcoder()->write_nothing(exchange);
  exchange.response().status = status;
}

void write_headers(Exchange& exchange, const ResponseHeaders& headers) {
  for (const auto& [name, value] : headers) exchange.response().add_header(name, value);
}

void write_location(Exchange& exchange, std::string_view location) {
  if (!location.empty() && exchange.transcoder() == nullptr) exchange.response().set_header("location", location);
}

void write_stream(Exchange& exchange, Stream stream) {
  http::Response& response = exchange.response();
  response.status = success_status(exchange);
  response.set_header("content-type", stream.content_type);
  if (stream.content_type == "text/event-stream") response.set_header("cache-control", "no-cache");
  response.set_stream(std::move(stream.body));
}

}  // namespace marty::web::internal
