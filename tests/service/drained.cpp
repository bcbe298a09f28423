// What drain_test.py stops under load: a request that takes no time, one with a body, one that takes some.
#include "marty/runtime/fiber.hpp"
#include "marty/service/service.hpp"

using namespace marty;

struct Note {
  std::string text;
};

int main(int argc, char** argv) {
  Service service("drained", argc, argv);
  service.get(
      "/quick", [] { return Note{"here"}; }, "Answers at once");
  service.post(
      "/notes", [](Body<Note> note) { return *note; }, "Gives back what it got");
  service.get(
      "/slow",
      [] {
        runtime::sleep_for(std::chrono::milliseconds(20));
        return Note{"at last"};
      },
      "Takes a moment");
  return service.run();
}
