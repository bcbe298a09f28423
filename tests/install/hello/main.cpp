#include <marty/service/service.hpp>

#include "hello.marty.hpp"

struct Greeting {
  std::string message;
};

Greeting greet(marty::Path<std::string> name) { return {"Hello, " + *name + "!"}; }

int main(int argc, char** argv) {
  marty::Service service("hello", argc, argv);
  service.get("/hello/{name}", greet, "Greet somebody");
  service.grpc(hello::v1::Greeter{.greet = greet});
  return service.run();
}
