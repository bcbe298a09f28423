// The server that h2spec tests: http2_server FOLDER. It answers every request with the body that came, or with a
// greeting, on three ports: HTTP/2 alone, HTTP/2 beside HTTP/1.1, and TLS with a certificate made in FOLDER. Says
// "serves PORT PORT PORT" and serves until it is told to stop.
#include <csignal>
#include <cstdio>

#include "marty/http/server.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/test_authority.hpp"

namespace {

using namespace marty;

class Echo final : public http::Handler {
 public:
  void handle(http::Request& request, http::Response& response) override {
    const std::string_view body = request.body();
    response.set_body(std::string(body.empty() ? "hello, world" : body), "text/plain");
  }
};

void serve(const char* folder) {
  Echo echo;
  const tls::TestAuthority authority;
  const tls::ServerContext tls(
      {.certificates = {authority.issue(folder, {.subject = "server", .dns_names = {"localhost"}})},
       .alpn = {"h2", "http/1.1"}});
  const runtime::Address any_port = runtime::Address::ip("127.0.0.1", 0);
  http::Server alone(echo, {.address = any_port, .http1 = false});
  http::Server shared(echo, {.address = any_port});
  http::Server secure(echo, {.address = any_port, .tls = &tls});
  for (http::Server* const server : {&alone, &shared, &secure}) server->start();
  std::printf("serves %d %d %d\n", alone.address().port(), shared.address().port(), secure.address().port());
  std::fflush(stdout);
  constexpr int kSignals[] = {SIGTERM, SIGINT};
  runtime::wait_for_signal(kSignals);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  runtime::World::real({.loops = 1})->run([&] { serve(argv[1]); });
}
