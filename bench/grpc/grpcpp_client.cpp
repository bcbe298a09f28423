// gRPC's own C++ client, by its callback API: bench_grpc_grpcpp_client PORT CALLS AT_A_TIME, and then it prints
// "RESULT calls=… us=…".
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "greeter.grpc.pb.h"

namespace {

using bench::v1::Greeter;

// One call after the other.
class Caller {
 public:
  Caller(Greeter::Stub& stub, int calls, std::promise<void>& done, std::atomic<int>& open)
      : stub_(stub), left_(calls), done_(done), open_(open) {
    request_.set_name(std::string(90, 'a'));
  }
  void next() {
    if (left_-- == 0) {
      if (--open_ == 0) done_.set_value();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    request_.set_id(left_);
    stub_.async()->SayHello(context_.get(), &request_, &reply_, [this](const grpc::Status& status) {
      if (!status.ok() || reply_.id() != left_) std::abort();
      next();
    });
  }

 private:
  Greeter::Stub& stub_;
  int left_;
  std::promise<void>& done_;
  std::atomic<int>& open_;
  std::unique_ptr<grpc::ClientContext> context_;
  bench::v1::HelloRequest request_;
  bench::v1::HelloReply reply_;
};

void run(Greeter::Stub& stub, int calls, int at_a_time) {
  std::promise<void> done;
  std::atomic<int> open = at_a_time;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < at_a_time; ++i) callers.push_back(std::make_unique<Caller>(stub, calls / at_a_time, done, open));
  for (const auto& caller : callers) caller->next();
  done.get_future().wait();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int calls = std::atoi(argv[2]), at_a_time = std::atoi(argv[3]);
  const auto channel = grpc::CreateChannel(std::string("127.0.0.1:") + argv[1], grpc::InsecureChannelCredentials());
  const auto stub = Greeter::NewStub(channel);
  run(*stub, 1, 1);  // the connection is there
  const auto before = std::chrono::steady_clock::now();
  run(*stub, calls, at_a_time);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - before);
  std::printf("RESULT calls=%d us=%lld\n", calls / at_a_time * at_a_time, static_cast<long long>(us.count()));
}
