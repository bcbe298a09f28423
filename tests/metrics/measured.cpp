// A service that counts something of its own.
#include <string>

#include "marty/base/error.hpp"
#include "marty/service/service.hpp"

namespace {

struct Order {
  std::string kind;
};

Order take_order(marty::Path<std::string> kind, marty::telemetry::Metrics& metrics) {
  metrics.counter("orders_total", "Orders taken.", {{"kind", *kind}}).add();
  return {*kind};
}

void fail() { throw marty::Error(marty::Code::internal, "on purpose"); }

}  // namespace

int main(int argc, char** argv) {
  marty::Service service("measured", argc, argv);
  service.post("/orders/{kind}", take_order, "Take an order");
  service.get("/fail", fail, "Fail");
  return service.run();
}
