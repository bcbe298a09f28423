// The server of Connect's conformance suite (connectrpc.com/conformance): reads what is wanted of it from standard
// input, says where it listens on standard output, and serves until that input ends or it is told to stop.
#include <csignal>
#include <map>
#include <string>

#include "conformance_support.hpp"
#include "connectrpc/conformance/v1/server_compat.pb.h"
#include "connectrpc/conformance/v1/service.marty.hpp"
#include "marty/grpc/detail.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/service.hpp"
#include "marty/web/query.hpp"

namespace {

using namespace connectrpc::conformance::v1;
using marty::grpc::Call;
using marty::grpc::Reader;
using marty::grpc::Writer;
using RequestInfo = ConformancePayload_RequestInfo;
using Requests = std::vector<google::protobuf::Any>;

template <class T>
google::protobuf::Any pack(const T& message) {
  google::protobuf::Any any;
  any.PackFrom(message);
  return any;
}

// What the caller is told of its own request.
RequestInfo describe(const Call& call, const Requests& requests) {
  RequestInfo info;
  std::map<std::string, Header*> headers;
  for (const marty::http::Header& header : call.request().headers) {
    Header*& added = headers[std::string(header.name)];
    if (added == nullptr) added = info.add_request_headers();
    added->set_name(std::string(header.name));
    added->add_value(std::string(header.value));
  }
  if (call.deadline() != marty::runtime::kNever) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline() - marty::runtime::now());
    info.set_timeout_ms(left.count());
  }
  for (const google::protobuf::Any& request : requests) *info.add_requests() = request;
  marty::web::PairReader pairs = marty::web::query_pairs(call.request().query());
  while (const auto pair = pairs.next()) {
    Header& parameter = *info.mutable_connect_get_info()->add_query_params();
    parameter.set_name(std::string(pair->name));
    parameter.add_value(std::string(pair->value));
  }
  return info;
}

template <class Definition>
void add_metadata(Call& call, const Definition& definition) {
  for (const Header& header : definition.response_headers()) {
    for (const std::string& value : header.value()) call.add_metadata(header.name(), value);
  }
  for (const Header& trailer : definition.response_trailers()) {
    for (const std::string& value : trailer.value()) call.add_trailing_metadata(trailer.name(), value);
  }
}

// `info`: where no message has carried it yet.
[[noreturn]] void fail(const Error& definition, const RequestInfo* info) {
  marty::Error error = marty::Error(static_cast<marty::Code>(definition.code()), definition.message()).for_callers();
  for (const google::protobuf::Any& detail : definition.details()) {
    const std::string type = detail.type_url().substr(detail.type_url().rfind('/') + 1);
    error = error.with_detail({type, detail.value()});
  }
  throw info != nullptr ? marty::grpc::with_detail(error, *info) : error;
}

void wait(std::uint32_t delay_ms) { marty::runtime::sleep_for(std::chrono::milliseconds(delay_ms)); }

ConformancePayload answer(Call& call, const UnaryResponseDefinition& definition, const Requests& requests) {
  ConformancePayload payload;
  *payload.mutable_request_info() = describe(call, requests);
  add_metadata(call, definition);
  wait(definition.response_delay_ms());
  if (definition.has_error()) fail(definition.error(), &payload.request_info());
  payload.set_data(definition.response_data());
  return payload;
}

template <class Response, class Request>
Response unary(const Request& request, Call& call) {
  Response response;
  *response.mutable_payload() = answer(call, request.response_definition(), {pack(request)});
  return response;
}

ClientStreamResponse client_stream(Reader<ClientStreamRequest>& reader, Call& call) {
  UnaryResponseDefinition definition;
  Requests requests;
  for (const ClientStreamRequest& request : reader) {
    if (requests.empty()) definition = request.response_definition();
    requests.push_back(pack(request));
  }
  ClientStreamResponse response;
  *response.mutable_payload() = answer(call, definition, requests);
  return response;
}

void server_stream(const ServerStreamRequest& request, Call& call, Writer<ServerStreamResponse>& writer) {
  const StreamResponseDefinition& definition = request.response_definition();
  add_metadata(call, definition);
  const RequestInfo info = describe(call, {pack(request)});
  bool told = false;
  if (definition.response_data_size() > 0) writer.flush();  // the head goes first
  for (const std::string& data : definition.response_data()) {
    wait(definition.response_delay_ms());
    ServerStreamResponse response;
    response.mutable_payload()->set_data(data);
    if (!std::exchange(told, true)) *response.mutable_payload()->mutable_request_info() = info;
    writer.write(response);
  }
  if (definition.has_error()) fail(definition.error(), told ? nullptr : &info);
}

class Bidi {
 public:
  Bidi(Call& call, Writer<BidiStreamResponse>& writer) : call_(call), writer_(writer) {}

  void take(const BidiStreamRequest& request) {
    requests_.push_back(pack(request));
    if (!std::exchange(begun_, true)) {
      definition_ = request.response_definition();
      full_duplex_ = request.full_duplex();
      add_metadata(call_, definition_);
      if (full_duplex_ && definition_.response_data_size() > 0) writer_.flush();
    }
    if (full_duplex_ && sent_ < definition_.response_data_size()) send();
  }
  bool is_done() const { return full_duplex_ && sent_ >= definition_.response_data_size(); }
  void finish() {
    while (sent_ < definition_.response_data_size()) send();
    if (!definition_.has_error()) return;
    const RequestInfo info = describe(call_, requests_);
    fail(definition_.error(), sent_ == 0 ? &info : nullptr);
  }

 private:
  void send() {
    wait(definition_.response_delay_ms());
    BidiStreamResponse response;
    response.mutable_payload()->set_data(definition_.response_data(sent_));
    RequestInfo& info = *response.mutable_payload()->mutable_request_info();
    if (sent_ == 0) {
      info = describe(call_, requests_);
    } else if (full_duplex_) {
      for (const google::protobuf::Any& request : requests_) *info.add_requests() = request;
    } else {
      response.mutable_payload()->clear_request_info();
    }
    requests_.clear();
    ++sent_;
    writer_.write(response);
  }

  Call& call_;
  Writer<BidiStreamResponse>& writer_;
  StreamResponseDefinition definition_;
  Requests requests_;
  int sent_ = 0;
  bool begun_ = false;
  bool full_duplex_ = false;
};

void bidi_stream(Reader<BidiStreamRequest>& reader, Call& call, Writer<BidiStreamResponse>& writer) {
  Bidi bidi(call, writer);
  for (const BidiStreamRequest& request : reader) {
    bidi.take(request);
    if (bidi.is_done()) break;
  }
  bidi.finish();
}

void serve(const ServerCompatRequest& request) {
  marty::telemetry::DescriptorSink log(2);
  marty::config::Variables variables = {{"MARTY_SERVER__HTTP_PORT", "0"}};
  const conformance::Files files;
  if (request.use_tls()) {
    variables["MARTY_SECURITY__TLS__CERTIFICATE"] = files.write("server.pem", request.server_creds().cert());
    variables["MARTY_SECURITY__TLS__KEY"] = files.write("server.key", request.server_creds().key());
  }
  if (!request.client_tls_cert().empty()) {
    variables["MARTY_SECURITY__TLS__CLIENT_CERTIFICATES"] = "required";
    variables["MARTY_SECURITY__TLS__CLIENT_CA"] = files.write("client.pem", request.client_tls_cert());
  }
  marty::Service service("conformance", {.variables = variables, .log_sink = &log});
  const marty::grpc::ApiOptions options{
      .max_message_bytes = request.message_receive_limit() != 0 ? request.message_receive_limit() : 4u << 20,
      .error_details = false};
  service.grpc(ConformanceService{.unary = unary<UnaryResponse, UnaryRequest>,
                                  .server_stream = server_stream,
                                  .client_stream = client_stream,
                                  .bidi_stream = bidi_stream,
                                  .idempotent_unary = unary<IdempotentUnaryResponse, IdempotentUnaryRequest>},
               options);
  service.start();
  ServerCompatResponse response;
  response.set_host("127.0.0.1");
  response.set_port(service.address().port());
  response.set_pem_cert(request.server_creds().cert());
  conformance::write_message(response);
  constexpr int kSignals[] = {SIGTERM, SIGINT};
  marty::runtime::wait_for_signal(kSignals);
  service.stop();
}

}  // namespace

int main() {
  ServerCompatRequest request;
  if (!conformance::read_message(request)) return 2;
  marty::runtime::World::real({.loops = 1})->run([&] { serve(request); });
}
