// A service whose gRPC has a port of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/service.hpp"
#include "marty/web/protocol.hpp"

namespace marty {
namespace {

using testing::HasSubstr;

// Where the port of gRPC matters, what is spoken there does not.
class SilentProtocol final : public web::Protocol {
 public:
  std::string_view name() const noexcept override { return "grpc"; }
  void complete(web::App&) override {}
  void run(web::Exchange&, const web::Next& next) override { next(); }
  bool claims(const http::Request&) const noexcept override { return false; }
  void write_error(web::Exchange&, const Error&) override {}
  std::span<const std::string_view> systems() const noexcept override { return {}; }
  std::size_t system_of(const http::Request&) const noexcept override { return 0; }
  std::string status_name(std::size_t, Code) const override { return {}; }
  void describe(const web::Route&, json::Schemas&, json::Value&) const override {}
};

template <class Test>
void with_ports(Test test) {
  runtime::SimulatedWorld().run([&] {
    telemetry::RecordingSink log;
    config::Variables variables;
    variables.emplace("MARTY_SERVER__HTTP_PORT", "9998");
    variables.emplace("MARTY_SERVER__GRPC_PORT", "9999");
    Service service("hello", ServiceOptions{.directory = "/nonexistent",
                                            .environment = "testing",
                                            .variables = std::move(variables),
                                            .log_sink = &log});
    service.app().add_protocol(std::make_unique<SilentProtocol>());
    test(service);
  });
}

TEST(GrpcPort, that_is_taken_stops_the_start_and_leaves_no_server_behind) {
  with_ports([](Service& service) {
    const auto taken = runtime::listen(runtime::Address::ip("127.0.0.1", 9999));
    try {
      service.start();
      FAIL() << "it started";
    } catch (const Error& error) {
      EXPECT_THAT(describe(std::current_exception()), HasSubstr("server.grpc_port"));
    }
    EXPECT_THROW(http::Client().get("http://127.0.0.1:9998/health/live"), Error);
  });
}

TEST(GrpcPort, takes_nothing_else_and_the_other_takes_no_grpc) {
  with_ports([](Service& service) {
    service.start();
    const auto status = [](const char* port, const char* type) {
      return http::Client({.protocol = http::Protocol::http2})
          .send({.url = std::string("http://127.0.0.1:") + port + "/health/live", .headers = {{"content-type", type}}})
          .status;
    };
    EXPECT_EQ(status("9998", "text/plain"), 200);
    EXPECT_EQ(status("9998", "application/grpc-web+proto"), 200);
    for (const char* type : {"application/grpc", "Application/GRPC+proto", "application/grpc;a=b"}) {
      EXPECT_EQ(status("9998", type), 421) << type;
      EXPECT_EQ(status("9999", type), 200) << type;
    }
    EXPECT_EQ(status("9999", "text/plain"), 421);
    service.stop();
  });
}

}  // namespace
}  // namespace marty
