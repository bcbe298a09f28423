#include "petstore.hpp"

int main(int argc, char** argv) {
  marty::Service service("petstore", argc, argv);
  petstore::build(service);
  return service.run();
}
