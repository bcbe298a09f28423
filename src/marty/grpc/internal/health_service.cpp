#include "marty/grpc/internal/health_service.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <atomic>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/grpc_protocol.hpp"
#include "marty/health/health.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Message;

constexpr std::string_view kService = "grpc.health.v1.Health";
constexpr Method kCheck{kService,
                        "Check",
                        "/grpc.health.v1.Health/Check",
                        "Whether the service can be called",
                        MethodKind::unary,
                        Idempotency::no_side_effects};
constexpr Method kWatch{kService, "Watch", "/grpc.health.v1.Health/Watch", "The same, and whenever it changes",
                        MethodKind::server_streaming};
constexpr runtime::Duration kPoll = std::chrono::seconds(1);
constexpr int kMaxWatchers = 1000;

enum ServingStatus { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

// What both methods have.
class HealthMethod : public MethodHandler {
 public:
  explicit HealthMethod(GrpcProtocol& protocol)
      : MethodHandler(builtin_prototype("grpc.health.v1.HealthCheckRequest"),
                      builtin_prototype("grpc.health.v1.HealthCheckResponse")),
        protocol_(protocol) {
    needs.push_back(&web::type_info<health::Health>());
  }

 protected:
  std::string read_service(CallDriver& driver) const {
    const std::unique_ptr<Message> message(request.New());
    driver.read_unary(*message);
    return message->GetReflection()->GetString(*message, message->GetDescriptor()->FindFieldByName("service"));
  }
  bool is_known(const std::string& service) const {
    const auto& services = protocol_.services();
    return service.empty() || std::find(services.begin(), services.end(), service) != services.end();
  }
  const health::Health& health(web::Exchange& exchange) const {
    return *static_cast<health::Health*>(exchange.scope().get(sources[0]));
  }
  static ServingStatus status(const health::Health& health) {
    return health.ready(health.report()) ? kServing : kNotServing;
  }
  std::unique_ptr<Message> reply(ServingStatus status) const {
    std::unique_ptr<Message> message(response.New());
    message->GetReflection()->SetEnumValue(message.get(), message->GetDescriptor()->FindFieldByName("status"), status);
    return message;
  }

 private:
  GrpcProtocol& protocol_;
};

class Check final : public HealthMethod {
  using HealthMethod::HealthMethod;
  void run(web::Exchange& exchange, CallDriver& driver) override {
    const std::string service = read_service(driver);
    if (!is_known(service)) throw Error(Code::not_found, "this server has no service " + service);
    driver.write_unary(*reply(status(health(exchange))));
    driver.finish();
  }
};

// Ends when the caller has gone, or when the service is about to.
class Watch final : public HealthMethod {
  using HealthMethod::HealthMethod;
  void run(web::Exchange& exchange, CallDriver& driver) override {
    const Place place(watching_);
    const bool known = is_known(read_service(driver));
    const health::Health& source = health(exchange);
    for (int told = -1;;) {
      const ServingStatus now = known ? status(source) : kServiceUnknown;
      if (now != told) {
        driver.sink().write(*reply(now));
        told = now;
      }
      if (source.phase() == health::Health::Phase::draining)
        throw Error(Code::unavailable, "the service is shutting down").for_callers();
      runtime::sleep_for(kPoll);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
    }
  }

  // A watcher keeps the place of a request: others need some as well.
  class Place {
   public:
    explicit Place(std::atomic<int>& taken) : taken_(taken) {
      if (++taken_ <= kMaxWatchers) return;
      --taken_;
      throw Error(Code::resource_exhausted,  // tidy:allow(caller): watchers are many, and may ask otherwise
                  "this server's health is watched by as many as it allows: use Check");
    }
    ~Place() { --taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    std::atomic<int>& taken_;
  };
  std::atomic<int> watching_{0};
};

}  // namespace

void add_health_service(web::App& app, GrpcProtocol& protocol) {
  std::vector<std::pair<Method, std::unique_ptr<MethodHandler>>> methods;
  methods.emplace_back(kCheck, std::make_unique<Check>(protocol));
  methods.emplace_back(kWatch, std::make_unique<Watch>(protocol));
  add_api(app, kService, std::move(methods), {}).tag("service").sampling(0);
}

}  // namespace marty::grpc::internal
