#include <marty/service/service.hpp>

struct Greeting {
  std::string message;
};

Greeting greet(marty::Path<std::string> name) { return {"Hello, " + *name + "!"}; }

int main(int argc, char** argv) {
  marty::Service service("hello", argc, argv);
  service.get("/hello/{name}", greet, "Greet somebody");
  return service.run();
}
