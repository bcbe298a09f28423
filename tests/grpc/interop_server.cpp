// The server of gRPC's interoperability cases: a service, with the configuration of one.
#include "interop.marty.hpp"
#include "marty/service/service.hpp"

namespace {

using namespace grpc::testing;
using marty::Code;
using marty::Error;
using marty::grpc::Call;
using marty::grpc::Reader;
using marty::grpc::Writer;

// What the clients send along to have it back.
void echo_metadata(Call& call) {
  constexpr std::string_view kInitial = "x-grpc-test-echo-initial", kTrailing = "x-grpc-test-echo-trailing-bin";
  if (const std::string_view value = call.metadata(kInitial); !value.empty()) call.add_metadata(kInitial, value);
  if (const auto bytes = call.binary_metadata(kTrailing)) call.add_trailing_metadata(kTrailing, *bytes);
}

void throw_status(const EchoStatus& status) {
  if (status.code() == 0) return;
  if (status.code() < 0 || status.code() > 16) throw Error(Code::invalid_argument, "no such status");
  throw Error(static_cast<Code>(status.code()), status.message()).for_callers();
}

// Whether a message came compressed is seen from the request's declaration: the cases that expect it compress all.
void check_compression(const BoolValue& expected, bool is_expected, const Call& call) {
  if (!is_expected || !expected.value()) return;
  if (call.metadata("grpc-encoding") != "gzip") throw Error(Code::invalid_argument, "the message is not compressed");
}

Empty empty_call(const Empty&) { return {}; }

SimpleResponse unary_call(const SimpleRequest& request, Call& call) {
  echo_metadata(call);
  check_compression(request.expect_compressed(), request.has_expect_compressed(), call);
  throw_status(request.response_status());
  if (request.has_response_compressed()) call.compress(request.response_compressed().value());
  SimpleResponse response;
  response.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(request.response_size()), '\0');
  return response;
}

void write_outputs(const StreamingOutputCallRequest& request, Call& call, Writer<StreamingOutputCallResponse>& writer) {
  for (const ResponseParameters& parameters : request.response_parameters()) {
    if (parameters.interval_us() > 0) marty::runtime::sleep_for(std::chrono::microseconds(parameters.interval_us()));
    if (parameters.has_compressed()) call.compress(parameters.compressed().value());
    StreamingOutputCallResponse response;
    response.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(parameters.size()), '\0');
    writer.write(response);
  }
  throw_status(request.response_status());
}

void streaming_output_call(const StreamingOutputCallRequest& request, Call& call,
                           Writer<StreamingOutputCallResponse>& writer) {
  write_outputs(request, call, writer);
}

StreamingInputCallResponse streaming_input_call(Reader<StreamingInputCallRequest>& requests, Call& call) {
  StreamingInputCallResponse response;
  int size = 0;
  for (const StreamingInputCallRequest& request : requests) {
    check_compression(request.expect_compressed(), request.has_expect_compressed(), call);
    size += static_cast<int>(request.payload().body().size());
  }
  response.set_aggregated_payload_size(size);
  return response;
}

void full_duplex_call(Reader<StreamingOutputCallRequest>& requests, Call& call,
                      Writer<StreamingOutputCallResponse>& writer) {
  echo_metadata(call);
  for (const StreamingOutputCallRequest& request : requests) write_outputs(request, call, writer);
}

void half_duplex_call(Reader<StreamingOutputCallRequest>& requests, Call& call,
                      Writer<StreamingOutputCallResponse>& writer) {
  std::vector<StreamingOutputCallRequest> all;
  for (const StreamingOutputCallRequest& request : requests) all.push_back(request);
  for (const StreamingOutputCallRequest& request : all) write_outputs(request, call, writer);
}

}  // namespace

int main(int argc, char** argv) {
  marty::Service service("interop", argc, argv);
  service.grpc(TestService{.empty_call = empty_call,
                           .unary_call = unary_call,
                           .cacheable_unary_call = unary_call,
                           .streaming_output_call = streaming_output_call,
                           .streaming_input_call = streaming_input_call,
                           .full_duplex_call = full_duplex_call,
                           .half_duplex_call = half_duplex_call});
  return service.run();
}
