// cpp-httplib with nlohmann/json. It holds a thread for every connection, so it gets as many as the load has
// connections and some to spare; all of them share the one core that every server of the comparison gets.
//
//   bench_httplib PORT
#include <httplib.h>

#include <cstdio>
#include <cstdlib>
#include <limits>

#include "nlohmann_order.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(96); };
  server.set_keep_alive_max_count(std::numeric_limits<int>::max());
  server.set_keep_alive_timeout(600);
  server.set_tcp_nodelay(true);
  server.Get("/plaintext", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello, World!", "text/plain");
  });
  server.Post("/orders", [](const httplib::Request& request, httplib::Response& response) {
    try {
      response.set_content(peer::echo(request.body), "application/json");
    } catch (const std::exception& error) {
      response.status = 422;
      response.set_content(error.what(), "text/plain");
    }
  });
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
