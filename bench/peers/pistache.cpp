// Pistache with nlohmann/json, one worker thread.
//
//   bench_pistache PORT
#include <pistache/endpoint.h>
#include <pistache/router.h>

#include <cstdio>
#include <cstdlib>

#include "nlohmann_order.hpp"

namespace {

namespace http = Pistache::Http;
namespace rest = Pistache::Rest;

rest::Route::Result plaintext(const rest::Request&, http::ResponseWriter response) {
  response.send(http::Code::Ok, "Hello, World!", MIME(Text, Plain));
  return rest::Route::Result::Ok;
}

rest::Route::Result add_order(const rest::Request& request, http::ResponseWriter response) {
  try {
    response.send(http::Code::Ok, peer::echo(request.body()), MIME(Application, Json));
  } catch (const std::exception& error) {
    response.send(http::Code::Unprocessable_Entity, error.what(), MIME(Text, Plain));
  }
  return rest::Route::Result::Ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Pistache::Address address(Pistache::Ipv4::loopback(), Pistache::Port(std::atoi(argv[1])));
  http::Endpoint endpoint(address);
  endpoint.init(
      http::Endpoint::options().threads(1).flags(Pistache::Tcp::Options::ReuseAddr | Pistache::Tcp::Options::NoDelay));
  rest::Router router;
  rest::Routes::Get(router, "/plaintext", &plaintext);
  rest::Routes::Post(router, "/orders", &add_order);
  endpoint.setHandler(router.handler());
  endpoint.serve();
}
