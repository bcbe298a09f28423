#include "marty/grpc/internal/grpc_protocol.hpp"

#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/grpc/internal/api_schema.hpp"
#include "marty/grpc/internal/connect.hpp"
#include "marty/grpc/internal/health_service.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/grpc/internal/reflection_service.hpp"
#include "marty/grpc/internal/status_text.hpp"
#include "marty/grpc/internal/timeout.hpp"
#include "marty/grpc/internal/trailers.hpp"
#include "marty/health/health.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/web/problem.hpp"
#include "marty/web/route.hpp"

namespace marty::grpc::internal {
namespace {

// https://opentelemetry.io/docs/specs/semconv/rpc/: gRPC-Web counts as gRPC.
enum System : std::size_t { kGrpc, kConnect };
constexpr std::string_view kSystems[] = {"grpc", "connectrpc"};

// Of the request, also where its route is unknown or it came by GET.
std::optional<Format> format_of(const http::Request& request) noexcept {
  if (request.method == http::Method::get) return Format{Framing::connect, Codec::json, "application/json"};
  return parse_format(request.header("content-type"));
}

std::string_view service_of(std::string_view path) noexcept {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path.substr(0, path.find('/'));
}

// At most so many bytes, and whole characters of UTF-8.
std::string_view beginning(std::string_view text, std::size_t bytes) noexcept {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// The status as trailers of gRPC: of HTTP, or of gRPC-Web. Clients refuse header lists that are large, often beyond
// 8 KiB; then they would know nothing.
template <class Put>
void for_each_status_line(const Status& status, Put&& put) {
  constexpr std::size_t kMaxMessageBytes = 1024, kMaxDetailsBytes = 4096;
  std::string text;
  put("grpc-status", std::to_string(static_cast<int>(status.code)));
  append_status_text(text, beginning(status.message, kMaxMessageBytes));
  if (!text.empty()) put("grpc-message", text);
  if (status.details.empty()) return;
  const std::string details = write_status_details(status);
  if (details.size() <= kMaxDetailsBytes) put("grpc-status-details-bin", encode_binary(details));
}

std::string status_lines(const Status& status) {
  std::string lines;
  for_each_status_line(status, [&](std::string_view name, std::string_view value) {
    lines.append(name).append(": ").append(value).append("\r\n");
  });
  return lines;
}

void begin_reply(http::Response& response, std::string_view content_type) {
  response.status = 200;
  response.body().clear();
  response.set_stream(nullptr);
  response.set_header("content-type", content_type);
}

// Where nothing was sent yet the status comes with the head: "Trailers-Only".
void write_grpc_error(http::Response& response, const Format& format, const Status& status) {
  const bool has_trailers = response.begun() || !response.wire_trailers().empty();
  if (!response.begun()) begin_reply(response, format.content_type);
  for_each_status_line(status, [&](std::string_view name, std::string_view value) {
    has_trailers ? response.add_trailer_unchecked(name, value) : response.add_header_unchecked(name, value);
  });
}

void write_web_error(http::Response& response, const Format& format, const Status& status) {
  std::string last = web_trailers(response.take_trailers() + status_lines(status));
  if (format.framing == Framing::web_text) last = base64_encode(last);
  if (response.begun()) return response.begin().write(last);
  begin_reply(response, format.content_type);
  response.body() = last;
}

void write_connect_error(http::Response& response, const Format& format, const Status& status) {
  if (format.framing == Framing::connect) {
    begin_reply(response, "application/json");
    response.status = connect_status(status.code);
    response.body() = connect_error(status);
    return move_trailers_to_headers(response);
  }
  const std::string last = end_of_stream(response.take_trailers(), &status);
  if (response.begun()) return response.begin().write(last);
  begin_reply(response, format.content_type);
  response.body() = last;
}

// Null where the request found none.
const MethodHandler* method_of(const web::Route* route) noexcept {
  const auto* const found = route != nullptr ? dynamic_cast<const HandlesMethod*>(route->handler.get()) : nullptr;
  return found != nullptr ? &found->handled_method() : nullptr;
}

// A method that does not exist is UNIMPLEMENTED; a message that is too large RESOURCE_EXHAUSTED, whoever finds that
// out.
Code code_of(const web::Exchange& exchange, const Error& error) noexcept {
  if (exchange.route() == nullptr && error.code() == Code::not_found) return Code::unimplemented;
  return error.http_status() == 413 ? Code::resource_exhausted : error.code();
}

std::optional<runtime::Duration> timeout_of(const http::Request& request) {
  if (const auto text = request.headers.find("grpc-timeout")) {
    const auto timeout = parse_timeout(*text);
    if (!timeout)
      throw Error(Code::invalid_argument, "grpc-timeout is at most eight digits and one of H, M, S, m, u, n");
    return timeout;
  }
  if (const auto text = request.headers.find("connect-timeout-ms")) {
    const auto timeout = parse_timeout_ms(*text);
    if (!timeout) throw Error(Code::invalid_argument, "connect-timeout-ms is at most ten digits");
    return timeout;
  }
  return std::nullopt;
}

// A method without side effects, asked by GET (Connect).
class ByGet final : public HandlesMethod {
 public:
  explicit ByGet(MethodHandler& method) : method_(method) { needs = method.needs; }
  const MethodHandler& handled_method() const noexcept override { return method_; }
  void invoke(web::Exchange& exchange) override { method_.invoke(exchange); }

 private:
  MethodHandler& method_;
};

}  // namespace

// What is asked of callers by POST is asked of them by GET.
void GrpcProtocol::add_get_routes(web::App& app) {
  for (const auto& [builder, method] : by_get_) {
    const web::Route& post = builder.route();
    web::RouteBuilder get = app.add(http::Method::get, post.pattern, std::make_unique<ByGet>(*method), post.summary);
    get.belongs_to(*this).requires_same_as(post).operation_id(post.operation_id + "_by_get");
    get.description(post.description);
    for (const std::string& tag : post.tags) get.tag(tag);
    if (post.deprecated) get.deprecated();
    if (post.hidden) get.hidden();
    if (post.sampling) get.sampling(*post.sampling);
  }
}

GrpcProtocol& GrpcProtocol::of(web::App& app) {
  if (web::Protocol* const found = app.find_protocol(kName)) return static_cast<GrpcProtocol&>(*found);
  return static_cast<GrpcProtocol&>(app.add_protocol(std::make_unique<GrpcProtocol>()));
}

// Started again, it is complete already.
void GrpcProtocol::complete(web::App& app) {
  if (std::exchange(completed_, true)) return;
  if (app.dependencies().provides<health::Health>()) add_health_service(app, *this);
  if (app.options().docs) add_reflection_services(app, *this);
  add_get_routes(app);
}

// The caller's deadline is that of everything done for it, and travels on with the calls that are made meanwhile. Where
// it is over already, nothing is done.
void GrpcProtocol::run(web::Exchange& exchange, const web::Next& next) {
  const std::optional<runtime::Duration> timeout = timeout_of(exchange.request());
  if (!timeout) return next();
  const runtime::DeadlineScope scope(*timeout);
  throw_if_late();
  next();
}

bool GrpcProtocol::claims(const http::Request& request) const noexcept {
  const std::optional<Format> format = parse_format(request.header("content-type"));
  return format && format->framing != Framing::connect;
}

void GrpcProtocol::write_error(web::Exchange& exchange, const Error& error) {
  http::Response& response = exchange.response();
  const std::optional<Format> format = format_of(exchange.request());
  if (response.begun() && (!format || format->framing == Framing::connect)) return response.fail();  // has no trailers
  const int refused = error.http_status();  // before it was a call
  if (!format || (!response.begun() && (refused == 405 || refused == 415 || refused == 505)))
    return web::write_problem(exchange, error);
  const Code code = code_of(exchange, error);
  // Of what went wrong here, callers learn no more than that.
  const Error told = error.is_for_callers() ? error : error.with_message(std::string(web::caller_message(error)));
  Status status{code, told.message(), told.details()};
  const MethodHandler* const method = method_of(exchange.route());
  if (status.details.empty() && method != nullptr && method->options.error_details)
    status.details = details_of(told, service_of(exchange.request().path()), exchange.context().correlation_id.view());
  if (format->framing == Framing::grpc) return write_grpc_error(response, *format, status);
  format->is_connect() ? write_connect_error(response, *format, status) : write_web_error(response, *format, status);
}

std::span<const std::string_view> GrpcProtocol::systems() const noexcept { return kSystems; }

std::size_t GrpcProtocol::system_of(const http::Request& request) const noexcept {
  const std::optional<Format> format = format_of(request);
  return format && format->is_connect() ? kConnect : kGrpc;
}

std::string GrpcProtocol::status_name(std::size_t system, Code code) const {
  return system == kConnect ? std::string(connect_code_name(code)) : telemetry::rpc_status_name(code);
}

void GrpcProtocol::describe(const web::Route& route, json::Schemas& schemas, json::Value& operation) const {
  describe_method(*method_of(&route), route.method, schemas, operation);
}

}  // namespace marty::grpc::internal
