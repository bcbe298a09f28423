// A service whose metrics and lines are exported.
#include "marty/service/service.hpp"
#include "marty/base/error.hpp"
#include "marty/telemetry/log.hpp"

namespace {

constexpr marty::Logger kLog("test.pets");

struct Pet {
  std::string id;
};

Pet get_pet(marty::Path<std::string> id) {
  kLog.info("pet asked for", {{"pet_id", *id}, {"attempt", 1}, {"price", 1.5}, {"is_tame", true}, {"raw", "\xff"}});
  if (*id == "unknown") {
    try {
      throw marty::Error(marty::Code::internal, "no shelf");
    } catch (const marty::Error&) {
      kLog.error("cannot look", std::current_exception(), {});
    }
  }
  return {*id};
}

}  // namespace

int main(int argc, char** argv) {
  marty::Service service("pets", argc, argv);
  service.get("/pets/{id}", get_pet, "One pet");
  return service.run();
}
