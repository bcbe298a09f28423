// Marty as a user would write it, on one core like every server of the comparison.
//
//   bench_marty PORT [--telemetry=off|spans]     spans: every request's, for a receiver that is not there
#include <cstdlib>
#include <string_view>

#include "../order.hpp"
#include "marty/service/service.hpp"

namespace {

struct Greeting {
  std::string message;
};

marty::PlainText plaintext() { return {"Hello, World!"}; }
Greeting greeting() { return {"Hello, World!"}; }
bench::Order add_order(marty::Body<bench::Order> order) { return std::move(*order); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  setenv("MARTY_SERVER__HTTP_PORT", argv[1], 1);
  setenv("MARTY_LOGGING__LEVEL", "warning", 1);
  const std::string_view telemetry = argc > 2 ? argv[2] : "";
  if (telemetry == "--telemetry=off") setenv("MARTY_TELEMETRY__ENABLED", "false", 1);
  if (telemetry == "--telemetry=spans") setenv("MARTY_TELEMETRY__OTLP__ENDPOINT", "http://127.0.0.1:9", 1);
  setenv("MARTY_ADMIN__ENABLED", "false", 1);  // as in production: they record every request
  marty::Service service("bench", 1, argv);
  service.get("/plaintext", plaintext, "A fixed text");
  service.get("/greeting", greeting, "A small JSON reply");
  service.post("/orders", add_order, "An order, checked and given back").status(200);
  return service.run();
}
