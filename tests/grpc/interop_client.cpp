// gRPC's interoperability cases with our client: see interop_cases.hpp.
#include "interop_cases.hpp"

#include "interop.marty.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/tls.hpp"

namespace interop {
namespace {

using namespace std::chrono_literals;
using marty::Code;
using marty::Error;
using marty::grpc::CallOptions;
using marty::grpc::Channel;
using marty::grpc::Metadata;
using marty::grpc::ReplyMetadata;

struct Client {
  Channel& channel;
  bool probe;
  TestService::Client stub{channel};
};

template <class Call>
void expect_error(Code code, Call&& call, std::string_view message = {}) {
  try {
    call();
  } catch (const Error& error) {
    expect_equal(marty::code_info(error.code()).name, marty::code_info(code).name,
                 "the code (with \"" + error.message() + "\")");
    if (!message.empty()) expect_equal(std::string_view(error.message()), message, "the message");
    return;
  }
  expect(false, "the call went well");
}

void expect_metadata(const Metadata& metadata, std::string_view name, std::string_view value) {
  int found = 0;
  for (const auto& [each, text] : metadata) {
    if (each != name) continue;
    ++found;
    expect_equal(std::string_view(text), value, std::string(name));
  }
  expect_equal(found, 1, "the number of " + std::string(name));
}

struct Functions {
  static std::string describe(const std::exception& problem) {
    const auto* const error = dynamic_cast<const Error*>(&problem);
    if (error == nullptr) return problem.what();
    return std::string(marty::code_info(error->code()).name) + ": " + error->message();
  }
  static void empty_unary(Client& client) { client.stub.empty_call({}); }

  static void large_unary(Client& client) {
    expect_size(client.stub.unary_call(unary_request(kLargeRequest, kLargeResponse)), kLargeResponse);
  }

  static void client_streaming(Client& client) {
    auto call = client.stub.streaming_input_call();
    for (const int size : kRequestSizes) expect(call.write(input_request(size)), "the server has ended the call");
    expect_equal(call.finish().aggregated_payload_size(), 74922, "the sum");
  }

  static void server_streaming(Client& client) {
    auto call = client.stub.streaming_output_call(all_outputs());
    StreamingOutputCallResponse response;
    for (const int size : kResponseSizes) {
      expect(call.read(response), "a response is missing");
      expect_size(response, size);
    }
    expect(!call.read(response), "there is one response too many");
  }

  static void ping_pong(Client& client) {
    auto call = client.stub.full_duplex_call();
    StreamingOutputCallResponse response;
    for (std::size_t i = 0; i < std::size(kRequestSizes); ++i) {
      expect(call.write(output_request(kRequestSizes[i], kResponseSizes[i])), "the server has ended the call");
      expect(call.read(response), "a response is missing");
      expect_size(response, kResponseSizes[i]);
    }
    call.finish_writing();
    expect(!call.read(response), "there is one response too many");
  }

  static void empty_stream(Client& client) {
    auto call = client.stub.full_duplex_call();
    call.finish_writing();
    StreamingOutputCallResponse response;
    expect(!call.read(response), "there is a response");
  }

  static void custom_metadata(Client& client) {
    ReplyMetadata reply;
    const CallOptions options{.metadata = {{kInitialName, kInitialValue}, {kTrailingName, kTrailingValue}},
                              .reply = &reply};
    client.stub.unary_call(unary_request(kLargeRequest, kLargeResponse), options);
    expect_metadata(reply.initial, kInitialName, kInitialValue);
    expect_metadata(reply.trailing, kTrailingName, kTrailingValue);
    auto call = client.stub.full_duplex_call(options);
    call.write(output_request(kLargeRequest, kLargeResponse));
    StreamingOutputCallResponse response;
    expect(call.read(response), "a response is missing");
    expect_metadata(reply.initial, kInitialName, kInitialValue);
    call.finish_writing();
    expect(!call.read(response), "there is one response too many");
    expect_metadata(reply.trailing, kTrailingName, kTrailingValue);
  }

  static void status_code_and_message(Client& client) {
    constexpr const char* kMessage = "test status message";
    SimpleRequest request;
    *request.mutable_response_status() = echo_status(2, kMessage);
    expect_error(
        Code::unknown, [&] { client.stub.unary_call(request); }, kMessage);
    auto call = client.stub.full_duplex_call();
    StreamingOutputCallRequest stream_request;
    *stream_request.mutable_response_status() = request.response_status();
    call.write(stream_request);
    call.finish_writing();
    StreamingOutputCallResponse response;
    expect_error(
        Code::unknown, [&] { call.read(response); }, kMessage);
  }

  static void special_status_message(Client& client) {
    SimpleRequest request;
    *request.mutable_response_status() = echo_status(2, kSpecialMessage);
    expect_error(
        Code::unknown, [&] { client.stub.unary_call(request); }, kSpecialMessage);
  }

  static void unimplemented_method(Client& client) {
    expect_error(Code::unimplemented, [&] { client.stub.unimplemented_call({}); });
  }

  static void unimplemented_service(Client& client) {
    expect_error(Code::unimplemented, [&] { UnimplementedService::Client(client.channel).unimplemented_call({}); });
  }

  static void cancel_after_begin(Client& client) {
    auto call = client.stub.streaming_input_call();
    call.cancel();
    expect_error(Code::cancelled, [&] { call.finish(); });
  }

  static void cancel_after_first_response(Client& client) {
    auto call = client.stub.full_duplex_call();
    call.write(output_request(27182, 31415));
    StreamingOutputCallResponse response;
    expect(call.read(response), "a response is missing");
    call.cancel();
    expect_error(Code::cancelled, [&] { call.read(response); });
  }

  // Again and again: whichever side notices first, the connection is good for the next call.
  static void timeout_on_sleeping_server(Client& client) {
    for (int i = 0; i < 25; ++i) {
      expect_error(Code::deadline_exceeded, [&] {
        auto call = client.stub.full_duplex_call({.timeout = 1ms});
        call.write(output_request(27182, 1));
        StreamingOutputCallResponse response;
        while (call.read(response)) {
        }
      });
      client.stub.empty_call({});
    }
  }

  static void client_compressed_unary(Client& client) {
    SimpleRequest request = unary_request(kLargeRequest, kLargeResponse);
    request.mutable_expect_compressed()->set_value(true);
    if (client.probe) expect_error(Code::invalid_argument, [&] { client.stub.unary_call(request); });
    expect_size(client.stub.unary_call(request, {.compression = true}), kLargeResponse);
    request.mutable_expect_compressed()->set_value(false);
    expect_size(client.stub.unary_call(request, {.compression = false}), kLargeResponse);
  }

  static void server_compressed_unary(Client& client) {
    SimpleRequest request = unary_request(0, kLargeResponse);
    for (const bool compressed : {true, false}) {
      request.mutable_response_compressed()->set_value(compressed);
      expect_size(client.stub.unary_call(request), kLargeResponse);
    }
  }

  static void client_compressed_streaming(Client& client) {
    StreamingInputCallRequest request = input_request(27182);
    request.mutable_expect_compressed()->set_value(true);
    if (client.probe) {
      expect_error(Code::invalid_argument, [&] {
        auto call = client.stub.streaming_input_call();
        call.write(request);
        call.finish();
      });
    }
    auto call = client.stub.streaming_input_call({.compression = true});
    expect(call.write(request), "the server has ended the call");
    request = input_request(45904);
    request.mutable_expect_compressed()->set_value(false);
    call.compress(false);
    expect(call.write(request), "the server has ended the call");
    expect_equal(call.finish().aggregated_payload_size(), 73086, "the sum");
  }

  static void server_compressed_streaming(Client& client) {
    auto call = client.stub.streaming_output_call(compressed_outputs());
    StreamingOutputCallResponse response;
    for (const int size : {31415, 92653}) {
      expect(call.read(response), "a response is missing");
      expect_size(response, size);
    }
    expect(!call.read(response), "there is one response too many");
  }
};

int run(const CommandLine& line) {
  std::optional<marty::tls::ClientContext> tls;
  if (!line.ca.empty())
    tls.emplace(marty::tls::ClientOptions{.ca = line.ca, .certificate = {line.certificate, line.key}});
  Channel channel(line.target, {.tls = tls ? &*tls : nullptr});
  Client client{channel, line.probe};
  return run_cases<Functions>(line, client);
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) {
  int exit_code = 2;
  try {
    const interop::CommandLine line = interop::parse(argc, argv);
    marty::runtime::World::real({.loops = 1})->run([&] {
      const marty::runtime::DeadlineScope deadline(std::chrono::seconds(30));
      exit_code = interop::run(line);
    });
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
  }
  return exit_code;
}
