// The client of Connect's conformance suite (connectrpc.com/conformance): a grpc::Channel. Reads from standard input
// which calls to make, makes several at a time, and says on standard output how each went.
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "conformance_support.hpp"
#include "connectrpc/conformance/v1/client_compat.pb.h"
#include "connectrpc/conformance/v1/service.marty.hpp"
#include "marty/base/error.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/tls.hpp"

namespace {

using namespace connectrpc::conformance::v1;
using marty::grpc::CallOptions;
using marty::grpc::ChannelOptions;
using marty::grpc::Metadata;
using Service = ConformanceService::Client;
namespace runtime = marty::runtime;

std::chrono::milliseconds milliseconds(std::uint32_t count) { return std::chrono::milliseconds(count); }

// The channels to the servers of the suite, of which each wants another certificate.
class Channels {
 public:
  marty::grpc::Channel& to(const ClientCompatRequest& request) {
    const TLSCreds& own = request.client_tls_creds();
    const std::string target = request.host() + ":" + std::to_string(request.port());
    const std::string limit = std::to_string(request.message_receive_limit());
    const std::lock_guard lock(making_);  // which waits for files
    std::unique_ptr<Entry>& entry = entries_[target + " " + limit + " " + own.cert() + request.server_tls_cert()];
    if (entry != nullptr) return *entry->channel;
    entry = std::make_unique<Entry>();
    ChannelOptions options{.timeout = runtime::Duration::max()};  // the suite says where there is one
    if (request.message_receive_limit() != 0) options.max_message_bytes = request.message_receive_limit();
    if (!request.server_tls_cert().empty()) {
      const std::string name = std::to_string(entries_.size());
      marty::tls::ClientOptions tls{.ca = files_.write(name + ".ca", request.server_tls_cert())};
      if (!own.cert().empty())
        tls.certificate = {files_.write(name + ".pem", own.cert()), files_.write(name + ".key", own.key())};
      options.tls = &entry->tls.emplace(tls);
    }
    return *(entry->channel = std::make_unique<marty::grpc::Channel>(target, options));
  }

 private:
  struct Entry {
    std::optional<marty::tls::ClientContext> tls;
    std::unique_ptr<marty::grpc::Channel> channel;
  };
  const conformance::Files files_;
  runtime::Mutex making_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

// One call, as the suite wants it.
class Conversation {
 public:
  Conversation(const ClientCompatRequest& wanted, ClientResponseResult& result, CallOptions options)
      : wanted_(wanted), cancel_(wanted.cancel()), result_(result), options_(std::move(options)) {}

  template <class Request, class Response>
  void unary(Service service, Response (Service::*method)(const Request&, const CallOptions&)) {
    const Request request = message<Request>(0);
    auto call = runtime::spawn([&] { return (service.*method)(request, options_); });
    cancel_after_close(call);
    const Response response = call.join();
    if constexpr (requires { response.payload(); }) *result_.add_payloads() = response.payload();
  }

  void server_stream(Service service) {
    auto call = service.server_stream(message<ServerStreamRequest>(0), options_);
    cancel_after_close(call);
    while (read<ServerStreamResponse>(call)) {
    }
  }

  void client_stream(Service service) {
    auto call = service.client_stream(options_);
    for (int i = 0; i < wanted_.request_messages_size() && write<ClientStreamRequest>(call, i); ++i) {
    }
    if (cancel_.has_before_close_send()) call.cancel();
    auto canceller = runtime::spawn([&] { cancel_after_close(call); });
    *result_.add_payloads() = call.finish().payload();
  }

  void bidi_stream(Service service, bool full_duplex) {
    auto call = service.bidi_stream(options_);
    for (int i = 0; i < wanted_.request_messages_size() && write<BidiStreamRequest>(call, i); ++i) {
      if (full_duplex && !read<BidiStreamResponse>(call)) break;
    }
    if (cancel_.has_before_close_send()) call.cancel();
    call.finish_writing();
    cancel_after_close(call);
    while (read<BidiStreamResponse>(call)) {
    }
  }

 private:
  template <class Request>
  Request message(int index) const {
    Request request;
    if (index >= wanted_.request_messages_size() || !wanted_.request_messages(index).UnpackTo(&request))
      throw std::runtime_error("the suite gives no " + request.GetTypeName());
    return request;
  }
  // False where the server has ended the call.
  template <class Request, class Call>
  bool write(Call& call, int index) {
    result_.set_num_unsent_requests(wanted_.request_messages_size() - index);
    runtime::sleep_for(milliseconds(wanted_.request_delay_ms()));
    if (!call.write(message<Request>(index))) return false;
    result_.set_num_unsent_requests(wanted_.request_messages_size() - index - 1);
    return true;
  }
  template <class Response, class Call>
  bool read(Call& call) {
    Response response;
    if (!call.read(response)) return false;
    *result_.add_payloads() = response.payload();
    if (cancel_.has_after_num_responses() && static_cast<int>(cancel_.after_num_responses()) == result_.payloads_size())
      call.cancel();
    return true;
  }
  template <class Call>
  void cancel_after_close(Call& call) {
    const bool asked = wanted_.has_cancel() && !cancel_.has_before_close_send() && !cancel_.has_after_num_responses();
    if (!asked) return;
    runtime::sleep_for(milliseconds(cancel_.after_close_send_ms()));
    call.cancel();
  }

  const ClientCompatRequest& wanted_;
  const ClientCompatRequest::Cancel& cancel_;
  ClientResponseResult& result_;
  const CallOptions options_;
};

void dispatch(Conversation& call, const ClientCompatRequest& wanted, Service service) {
  const std::string& method = wanted.method();
  if (method == "Unary") return call.unary(service, &Service::unary);
  if (method == "Unimplemented") return call.unary(service, &Service::unimplemented);
  if (method == "IdempotentUnary") return call.unary(service, &Service::idempotent_unary);
  if (method == "ServerStream") return call.server_stream(service);
  if (method == "ClientStream") return call.client_stream(service);
  if (method == "BidiStream")
    return call.bidi_stream(service, wanted.stream_type() == STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM);
  throw std::runtime_error("the suite asks for the method " + method);
}

// Binary values are Base64 in the suite's messages.
Metadata metadata_of(const ClientCompatRequest& wanted) {
  Metadata metadata;
  for (const Header& header : wanted.request_headers()) {
    std::string name = header.name();
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    for (const std::string& value : header.value()) {
      const bool binary = marty::grpc::internal::is_binary(name);
      metadata.emplace_back(name, binary ? marty::grpc::internal::decode_binary(value).value() : value);
    }
  }
  return metadata;
}

template <class Headers>
void write_metadata(const Metadata& metadata, Headers& headers) {
  std::map<std::string, Header*> by_name;
  for (const auto& [name, value] : metadata) {
    Header*& header = by_name[name];
    if (header == nullptr) header = headers.Add();
    header->set_name(name);
    header->add_value(marty::grpc::internal::is_binary(name) ? marty::grpc::internal::encode_binary(value) : value);
  }
}

void write_error(const marty::Error& error, connectrpc::conformance::v1::Error& result) {
  result.set_code(static_cast<Code>(error.code()));
  result.set_message(error.message());
  for (const marty::ErrorDetail& detail : error.details()) {
    google::protobuf::Any& any = *result.add_details();
    any.set_type_url("type.googleapis.com/" + detail.type);
    any.set_value(detail.content);
  }
}

ClientCompatResponse make_call(const ClientCompatRequest& wanted, Channels& channels) {
  ClientCompatResponse response;
  response.set_test_name(wanted.test_name());
  marty::grpc::ReplyMetadata reply;
  try {
    CallOptions options{.metadata = metadata_of(wanted), .reply = &reply};
    if (wanted.has_timeout_ms()) options.timeout = milliseconds(wanted.timeout_ms());
    if (wanted.compression() == COMPRESSION_GZIP) options.compression = true;
    ClientResponseResult& result = *response.mutable_response();
    try {
      Conversation call(wanted, result, std::move(options));
      dispatch(call, wanted, Service(channels.to(wanted)));
    } catch (const marty::Error& error) {
      write_error(error, *result.mutable_error());
    }
    write_metadata(reply.initial, *result.mutable_response_headers());
    write_metadata(reply.trailing, *result.mutable_response_trailers());
  } catch (const std::exception& error) {
    response.mutable_error()->set_message(error.what());
  }
  return response;
}

void run() {
  constexpr std::size_t kCallsAtATime = 16;
  runtime::BlockingPool input({.name = "input", .threads = 1});
  runtime::Semaphore free(kCallsAtATime);
  Channels channels;
  const auto start = [&](ClientCompatRequest wanted) {
    return runtime::spawn([&, wanted = std::move(wanted)] {
      conformance::write_message(make_call(wanted, channels));
      free.release();
    });
  };
  std::list<decltype(start({}))> calls;
  for (ClientCompatRequest wanted; input.run([&] { return conformance::read_message(wanted); });) {
    free.acquire();
    calls.remove_if([](const auto& call) { return call.done(); });
    calls.push_back(start(std::move(wanted)));
    wanted.Clear();
  }
  for (auto& call : calls) call.join();
}

}  // namespace

int main() { runtime::World::real({.loops = 1})->run(run); }
