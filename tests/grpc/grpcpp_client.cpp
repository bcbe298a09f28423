// gRPC's interoperability cases with the client of grpc++: see interop_cases.hpp.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>

#include "interop.grpc.pb.h"
#include "interop_cases.hpp"

namespace interop {
namespace {

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

struct Client {
  explicit Client(std::shared_ptr<grpc::Channel> to, bool probes)
      : channel(std::move(to)), probe(probes), stub(TestService::NewStub(channel)) {}
  std::shared_ptr<grpc::Channel> channel;
  bool probe;
  std::unique_ptr<TestService::Stub> stub;
};

// A context with a deadline, so that nothing waits forever.
struct Context : ClientContext {
  explicit Context(std::chrono::milliseconds timeout = std::chrono::seconds(15)) {
    set_deadline(std::chrono::system_clock::now() + timeout);
  }
};

void expect_status(const Status& status, StatusCode code = StatusCode::OK, std::string_view message = {}) {
  expect_equal(static_cast<int>(status.error_code()), static_cast<int>(code),
               "the status (\"" + status.error_message() + "\")");
  if (!message.empty()) expect_equal(std::string_view(status.error_message()), message, "the message");
}

void expect_metadata(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const char* name,
                     std::string_view value) {
  expect_equal(metadata.count(name), 1u, std::string("the number of ") + name);
  const grpc::string_ref found = metadata.find(name)->second;
  expect_equal(std::string_view(found.data(), found.size()), value, name);
}

struct Functions {
  static std::string describe(const std::exception& problem) { return problem.what(); }
  static void empty_unary(Client& client) {
    Context context;
    Empty response;
    expect_status(client.stub->EmptyCall(&context, {}, &response));
  }

  static void large_unary(Client& client) {
    Context context;
    SimpleResponse response;
    expect_status(client.stub->UnaryCall(&context, unary_request(kLargeRequest, kLargeResponse), &response));
    expect_size(response, kLargeResponse);
  }

  static void client_streaming(Client& client) {
    Context context;
    StreamingInputCallResponse response;
    auto call = client.stub->StreamingInputCall(&context, &response);
    for (const int size : kRequestSizes) expect(call->Write(input_request(size)), "the server has ended the call");
    call->WritesDone();
    expect_status(call->Finish());
    expect_equal(response.aggregated_payload_size(), 74922, "the sum");
  }

  static void server_streaming(Client& client) {
    Context context;
    auto call = client.stub->StreamingOutputCall(&context, all_outputs());
    StreamingOutputCallResponse response;
    for (const int size : kResponseSizes) {
      expect(call->Read(&response), "a response is missing");
      expect_size(response, size);
    }
    expect(!call->Read(&response), "there is one response too many");
    expect_status(call->Finish());
  }

  static void ping_pong(Client& client) {
    Context context;
    auto call = client.stub->FullDuplexCall(&context);
    StreamingOutputCallResponse response;
    for (std::size_t i = 0; i < std::size(kRequestSizes); ++i) {
      expect(call->Write(output_request(kRequestSizes[i], kResponseSizes[i])), "the server has ended the call");
      expect(call->Read(&response), "a response is missing");
      expect_size(response, kResponseSizes[i]);
    }
    call->WritesDone();
    expect(!call->Read(&response), "there is one response too many");
    expect_status(call->Finish());
  }

  static void empty_stream(Client& client) {
    Context context;
    auto call = client.stub->FullDuplexCall(&context);
    call->WritesDone();
    StreamingOutputCallResponse response;
    expect(!call->Read(&response), "there is a response");
    expect_status(call->Finish());
  }

  static void custom_metadata(Client& client) {
    Context unary;
    unary.AddMetadata(kInitialName, kInitialValue);
    unary.AddMetadata(kTrailingName, kTrailingValue);
    SimpleResponse unary_response;
    expect_status(client.stub->UnaryCall(&unary, unary_request(kLargeRequest, kLargeResponse), &unary_response));
    expect_metadata(unary.GetServerInitialMetadata(), kInitialName, kInitialValue);
    expect_metadata(unary.GetServerTrailingMetadata(), kTrailingName, kTrailingValue);
    Context context;
    context.AddMetadata(kInitialName, kInitialValue);
    context.AddMetadata(kTrailingName, kTrailingValue);
    auto call = client.stub->FullDuplexCall(&context);
    call->Write(output_request(kLargeRequest, kLargeResponse));
    StreamingOutputCallResponse response;
    expect(call->Read(&response), "a response is missing");
    call->WritesDone();
    expect(!call->Read(&response), "there is one response too many");
    expect_status(call->Finish());
    expect_metadata(context.GetServerInitialMetadata(), kInitialName, kInitialValue);
    expect_metadata(context.GetServerTrailingMetadata(), kTrailingName, kTrailingValue);
  }

  static void status_code_and_message(Client& client) {
    constexpr const char* kMessage = "test status message";
    Context unary;
    SimpleRequest request;
    *request.mutable_response_status() = echo_status(2, kMessage);
    SimpleResponse response;
    expect_status(client.stub->UnaryCall(&unary, request, &response), StatusCode::UNKNOWN, kMessage);
    Context context;
    auto call = client.stub->FullDuplexCall(&context);
    StreamingOutputCallRequest stream_request;
    *stream_request.mutable_response_status() = request.response_status();
    call->Write(stream_request);
    call->WritesDone();
    StreamingOutputCallResponse none;
    expect(!call->Read(&none), "there is a response");
    expect_status(call->Finish(), StatusCode::UNKNOWN, kMessage);
  }

  static void special_status_message(Client& client) {
    Context context;
    SimpleRequest request;
    *request.mutable_response_status() = echo_status(2, kSpecialMessage);
    SimpleResponse response;
    expect_status(client.stub->UnaryCall(&context, request, &response), StatusCode::UNKNOWN, kSpecialMessage);
  }

  static void unimplemented_method(Client& client) {
    Context context;
    Empty response;
    expect_status(client.stub->UnimplementedCall(&context, {}, &response), StatusCode::UNIMPLEMENTED);
  }

  static void unimplemented_service(Client& client) {
    Context context;
    Empty response;
    expect_status(UnimplementedService::NewStub(client.channel)->UnimplementedCall(&context, {}, &response),
                  StatusCode::UNIMPLEMENTED);
  }

  static void cancel_after_begin(Client& client) {
    Context context;
    StreamingInputCallResponse response;
    auto call = client.stub->StreamingInputCall(&context, &response);
    context.TryCancel();
    expect_status(call->Finish(), StatusCode::CANCELLED);
  }

  static void cancel_after_first_response(Client& client) {
    Context context;
    auto call = client.stub->FullDuplexCall(&context);
    call->Write(output_request(27182, 31415));
    StreamingOutputCallResponse response;
    expect(call->Read(&response), "a response is missing");
    context.TryCancel();
    expect_status(call->Finish(), StatusCode::CANCELLED);
  }

  static void timeout_on_sleeping_server(Client& client) {
    Context context(std::chrono::milliseconds(1));
    auto call = client.stub->FullDuplexCall(&context);
    call->Write(output_request(27182, 1));
    expect_status(call->Finish(), StatusCode::DEADLINE_EXCEEDED);
  }

  static void client_compressed_unary(Client& client) {
    SimpleRequest request = unary_request(kLargeRequest, kLargeResponse);
    SimpleResponse response;
    request.mutable_expect_compressed()->set_value(true);
    if (client.probe) {
      Context probe;
      expect_status(client.stub->UnaryCall(&probe, request, &response), StatusCode::INVALID_ARGUMENT);
    }
    Context compressed;
    compressed.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    expect_status(client.stub->UnaryCall(&compressed, request, &response));
    expect_size(response, kLargeResponse);
    Context plain;
    request.mutable_expect_compressed()->set_value(false);
    expect_status(client.stub->UnaryCall(&plain, request, &response));
    expect_size(response, kLargeResponse);
  }

  static void server_compressed_unary(Client& client) {
    SimpleRequest request = unary_request(0, kLargeResponse);
    for (const bool compressed : {true, false}) {
      Context context;
      request.mutable_response_compressed()->set_value(compressed);
      SimpleResponse response;
      expect_status(client.stub->UnaryCall(&context, request, &response));
      expect_size(response, kLargeResponse);
    }
  }

  static void client_compressed_streaming(Client& client) {
    StreamingInputCallRequest request = input_request(27182);
    request.mutable_expect_compressed()->set_value(true);
    StreamingInputCallResponse response;
    if (client.probe) {
      Context probe;
      auto call = client.stub->StreamingInputCall(&probe, &response);
      call->Write(request);
      call->WritesDone();
      expect_status(call->Finish(), StatusCode::INVALID_ARGUMENT);
    }
    Context context;
    context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    auto call = client.stub->StreamingInputCall(&context, &response);
    expect(call->Write(request), "the server has ended the call");
    request = input_request(45904);
    request.mutable_expect_compressed()->set_value(false);
    expect(call->Write(request, grpc::WriteOptions().set_no_compression()), "the server has ended the call");
    call->WritesDone();
    expect_status(call->Finish());
    expect_equal(response.aggregated_payload_size(), 73086, "the sum");
  }

  static void server_compressed_streaming(Client& client) {
    Context context;
    auto call = client.stub->StreamingOutputCall(&context, compressed_outputs());
    StreamingOutputCallResponse response;
    for (const int size : {31415, 92653}) {
      expect(call->Read(&response), "a response is missing");
      expect_size(response, size);
    }
    expect(!call->Read(&response), "there is one response too many");
    expect_status(call->Finish());
  }
};

std::string read(const std::string& path) {
  if (path.empty()) return {};
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const CommandLine& line) {
  if (line.ca.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({read(line.ca), read(line.key), read(line.certificate)});
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) try {
  const interop::CommandLine line = interop::parse(argc, argv);
  interop::Client client(grpc::CreateChannel(line.target, interop::credentials(line)), line.probe);
  return interop::run_cases<interop::Functions>(line, client);
} catch (const std::exception& error) {
  std::printf("FAILED: %s\n", error.what());
  return 2;
}
