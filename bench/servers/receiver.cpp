// A receiver of OTLP that reads what it is sent and throws it away: the other side of bench/telemetry.
//
//   bench_receiver PORT
#include <csignal>
#include <cstdlib>

#include "marty/http/server.hpp"
#include "marty/runtime/world.hpp"

namespace {

class Receiver final : public marty::http::Handler {
  void handle(marty::http::Request& request, marty::http::Response& response) override {
    request.body();
    response.set_body({}, "application/x-protobuf");
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  marty::runtime::World::real({.loops = 1})->run([&] {
    Receiver receiver;
    marty::http::Server server(receiver, {.address = marty::runtime::Address::ip(
                                              "127.0.0.1", static_cast<std::uint16_t>(std::atoi(argv[1])))});
    server.start();
    constexpr int kSignals[] = {SIGTERM, SIGINT};
    marty::runtime::wait_for_signal(kSignals);
    server.drain(std::chrono::seconds(1));
  });
}
