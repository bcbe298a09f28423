// For the tests of the petstore over sockets: it runs in the real world, on a database file of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "marty/runtime/world.hpp"
#include "petstore.hpp"

namespace petstore {

// A folder of its own that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::path(testing::TempDir()) / ("petstore." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Starts the petstore on a free port and calls `test(service)` on a fiber.
inline void with_service(const std::string& database, std::map<std::string, std::string, std::less<>> variables,
                         const std::function<void(marty::Service& service)>& test) {
  marty::runtime::World::real({.loops = 2})->run([&] {
    marty::telemetry::RecordingSink log;
    variables.emplace("MARTY_SERVER__HTTP_PORT", "0");
    variables.emplace("MARTY_DATABASE__SQLITE__PATH", database);
    marty::Service service(
        "petstore",
        marty::ServiceOptions{
            .directory = PETSTORE_DIRECTORY, .environment = "testing", .variables = variables, .log_sink = &log});
    build(service);
    service.start();
    test(service);
    service.stop();
  });
}

// The same for a test that needs its address only.
inline void with_petstore(const std::string& database, const std::function<void(const std::string& url)>& test) {
  with_service(database, {}, [&](marty::Service& service) { test("http://" + service.address().to_string()); });
}

}  // namespace petstore
