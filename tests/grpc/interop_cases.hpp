// What the C++ clients of gRPC's interoperability cases share: their command line, the numbers of the public test
// descriptions, and their report.
//
//   CLIENT HOST:PORT [--ca FILE] [--certificate FILE --key FILE] [--no-probe] CASE...
//
// --no-probe leaves out the messages that a server has to refuse because they are not compressed: not every server can
// see that. Prints "ok CASE" or "FAILED CASE: why" for each, and exits with 1 where one failed.
#pragma once

#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interop.pb.h"

namespace interop {

using namespace grpc::testing;

constexpr int kRequestSizes[] = {27182, 8, 1828, 45904};
constexpr int kResponseSizes[] = {31415, 9, 2653, 58979};
constexpr int kLargeRequest = 271828, kLargeResponse = 314159;
constexpr const char* kInitialName = "x-grpc-test-echo-initial";
constexpr const char* kInitialValue = "test_initial_metadata_value";
constexpr const char* kTrailingName = "x-grpc-test-echo-trailing-bin";
inline const std::string kTrailingValue = "\xab\xab\xab";
constexpr const char* kSpecialMessage =
    "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n";

struct CommandLine {
  std::string target, ca, certificate, key;
  bool probe = true;
  std::vector<std::string> cases;
};

inline CommandLine parse(int argc, char** argv) {
  CommandLine line;
  const std::map<std::string_view, std::string*> files = {
      {"--ca", &line.ca}, {"--certificate", &line.certificate}, {"--key", &line.key}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (const auto file = files.find(word); file != files.end()) {
      if (++i == argc) throw std::invalid_argument(std::string(word) + " wants a file");
      *file->second = argv[i];
    } else if (word == "--no-probe") {
      line.probe = false;
    } else if (word.starts_with("--")) {
      throw std::invalid_argument("unknown option " + std::string(word));
    } else if (line.target.empty()) {
      line.target = word;
    } else {
      line.cases.emplace_back(word);
    }
  }
  if (line.cases.empty()) throw std::invalid_argument("usage: CLIENT HOST:PORT [OPTION]... CASE...");
  return line;
}

inline void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}
template <class Got, class Wanted>
void expect_equal(const Got& got, const Wanted& wanted, const std::string& what) {
  if constexpr (std::is_arithmetic_v<Got>)
    expect(got == wanted, what + " is " + std::to_string(got) + ", not " + std::to_string(wanted));
  else
    expect(got == wanted, what + " is \"" + std::string(got) + "\", not \"" + std::string(wanted) + "\"");
}

inline Payload payload(int size) {
  Payload result;
  result.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return result;
}
inline SimpleRequest unary_request(int request_size, int response_size) {
  SimpleRequest request;
  *request.mutable_payload() = payload(request_size);
  request.set_response_size(response_size);
  return request;
}
inline StreamingInputCallRequest input_request(int size) {
  StreamingInputCallRequest request;
  *request.mutable_payload() = payload(size);
  return request;
}
inline StreamingOutputCallRequest output_request(int request_size, int response_size) {
  StreamingOutputCallRequest request;
  *request.mutable_payload() = payload(request_size);
  request.add_response_parameters()->set_size(response_size);
  return request;
}
inline StreamingOutputCallRequest all_outputs() {
  StreamingOutputCallRequest request;
  for (const int size : kResponseSizes) request.add_response_parameters()->set_size(size);
  return request;
}
// Two messages, the first of them compressed.
inline StreamingOutputCallRequest compressed_outputs() {
  StreamingOutputCallRequest request;
  for (const auto& [size, compressed] : {std::pair(31415, true), std::pair(92653, false)}) {
    request.add_response_parameters()->set_size(size);
    request.mutable_response_parameters()->rbegin()->mutable_compressed()->set_value(compressed);
  }
  return request;
}
inline EchoStatus echo_status(int code, std::string message) {
  EchoStatus status;
  status.set_code(code);
  status.set_message(std::move(message));
  return status;
}
template <class Response>
void expect_size(const Response& response, int size) {
  expect_equal(static_cast<int>(response.payload().body().size()), size, "the size of the response");
}

// The cases by name, each a static function of `Functions`; its describe() says what an exception tells, with the
// status of a call that failed.
template <class Functions, class Client>
std::map<std::string_view, void (*)(Client&)> cases_of() {
  return {{"empty_unary", Functions::empty_unary},
          {"large_unary", Functions::large_unary},
          {"client_streaming", Functions::client_streaming},
          {"server_streaming", Functions::server_streaming},
          {"ping_pong", Functions::ping_pong},
          {"empty_stream", Functions::empty_stream},
          {"custom_metadata", Functions::custom_metadata},
          {"status_code_and_message", Functions::status_code_and_message},
          {"special_status_message", Functions::special_status_message},
          {"unimplemented_method", Functions::unimplemented_method},
          {"unimplemented_service", Functions::unimplemented_service},
          {"cancel_after_begin", Functions::cancel_after_begin},
          {"cancel_after_first_response", Functions::cancel_after_first_response},
          {"timeout_on_sleeping_server", Functions::timeout_on_sleeping_server},
          {"client_compressed_unary", Functions::client_compressed_unary},
          {"server_compressed_unary", Functions::server_compressed_unary},
          {"client_compressed_streaming", Functions::client_compressed_streaming},
          {"server_compressed_streaming", Functions::server_compressed_streaming}};
}

// The exit code.
template <class Functions, class Client>
int run_cases(const CommandLine& line, Client& client) {
  const auto cases = cases_of<Functions, Client>();
  int failed = 0;
  for (const std::string& name : line.cases) {
    std::string problem;
    try {
      const auto found = cases.find(name);
      expect(found != cases.end(), "there is no such case");
      found->second(client);
    } catch (const std::exception& error) {
      problem = Functions::describe(error);
      ++failed;
    }
    std::printf("%s %s%s%s\n", problem.empty() ? "ok" : "FAILED", name.c_str(), problem.empty() ? "" : ": ",
                problem.c_str());
    std::fflush(stdout);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace interop
