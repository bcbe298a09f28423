// The services that come along: health, and reflection in both of its versions.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <set>

#include "marty/base/encoding.hpp"
#include "marty/grpc/client.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/message_codec.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/health/health.hpp"
#include "marty/json/value.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using google::protobuf::Message;
using internal::builtin_prototype;
using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using json::Value;
using route::v1::Point;
using route::v1::Route;
using namespace std::chrono_literals;

enum class Serving { unknown, serving, not_serving, service_unknown };

Serving serving_of(const Message& reply) {
  return static_cast<Serving>(
      reply.GetReflection()->GetEnumValue(reply, reply.GetDescriptor()->FindFieldByName("status")));
}
std::unique_ptr<Message> health_request(const std::string& service) {
  std::unique_ptr<Message> request(builtin_prototype("grpc.health.v1.HealthCheckRequest").New());
  request->GetReflection()->SetString(request.get(), request->GetDescriptor()->FindFieldByName("service"), service);
  return request;
}
std::unique_ptr<Message> health_reply() {
  return std::unique_ptr<Message>(builtin_prototype("grpc.health.v1.HealthCheckResponse").New());
}

constexpr Method kCheck{"grpc.health.v1.Health", "Check", "/grpc.health.v1.Health/Check", "", MethodKind::unary,
                        Idempotency::unknown};
constexpr Method kWatch{"grpc.health.v1.Health",        "Watch",
                        "/grpc.health.v1.Health/Watch", "",
                        MethodKind::server_streaming,   Idempotency::unknown};

// Any stream, by prototypes.
class RawStream : public ClientStreamBase {
 public:
  using ClientStreamBase::ClientStreamBase;
  using ClientStreamBase::finish_sending;
  using ClientStreamBase::receive;
  using ClientStreamBase::send;
};

class BuiltinServices : public testing::Test {
 protected:
  void run(const std::function<void(Channel&)>& test) {
    run_in(WorldKind::simulated, [&] {
      TestServer server([&](web::App& app) {
        app.provide([this]() -> health::Health& { return health_; });
        add(app, Route{.echo = [](const Point& point) { return point; }});
      });
      test(*server.channel);
    });
  }
  Serving check(Channel& channel, const std::string& service) {
    const auto reply = health_reply();
    channel.call(kCheck, *health_request(service), *reply);
    return serving_of(*reply);
  }

  health::Health health_{"shop", "1"};
  bool database_answers_ = true;
};

TEST_F(BuiltinServices, health_is_that_of_the_service) {
  health_.add({.name = "database", .check = [this] {
                 if (!database_answers_) throw Error(Code::unavailable, "no answer");
               }});
  run([this](Channel& channel) {
    EXPECT_EQ(check(channel, ""), Serving::not_serving);  // it is starting
    health_.set_phase(health::Health::Phase::running);
    EXPECT_EQ(check(channel, ""), Serving::serving);
    EXPECT_EQ(check(channel, "route.v1.Route"), Serving::serving);
    EXPECT_EQ(error_of([&] { check(channel, "other.v1.Other"); }).code(), Code::not_found);
    health_.set_phase(health::Health::Phase::draining);
    EXPECT_EQ(check(channel, ""), Serving::not_serving);
  });
}

TEST_F(BuiltinServices, begin_no_traces) {
  run_in(WorldKind::simulated, [&] {
    const TestServer server([&](web::App& app) {
      app.provide([this]() -> health::Health& { return health_; });
      add(app, Route{.echo = [](const Point& point) { return point; }});
    });
    for (const auto& route : server.app.routes()) {
      const bool is_builtin = route->pattern.starts_with("/grpc.");
      EXPECT_EQ(route->sampling, is_builtin ? std::optional(0.0) : std::nullopt) << route->pattern;
    }
  });
}

TEST_F(BuiltinServices, health_is_watched) {
  health_.set_phase(health::Health::Phase::running);
  run([this](Channel& channel) {
    RawStream watch(channel, kWatch, {});
    watch.send(*health_request("route.v1.Route"));
    watch.finish_sending();
    const auto reply = health_reply();
    ASSERT_TRUE(watch.receive(*reply));
    EXPECT_EQ(serving_of(*reply), Serving::serving);
    health_.set_phase(health::Health::Phase::draining);
    ASSERT_TRUE(watch.receive(*reply));
    EXPECT_EQ(serving_of(*reply), Serving::not_serving);
    EXPECT_EQ(error_of([&] { watch.receive(*reply); }).code(), Code::unavailable);  // and then it ends

    RawStream unknown(channel, kWatch, {});
    unknown.send(*health_request("other.v1.Other"));
    unknown.finish_sending();
    ASSERT_TRUE(unknown.receive(*reply));
    EXPECT_EQ(serving_of(*reply), Serving::service_unknown);
  });
}

// Asks reflection one thing: the name of the field and what it holds. The reply as JSON.
Value ask(Channel& channel, const std::string& version, const std::string& field, const std::string& value) {
  const std::string package = "grpc.reflection." + version;
  const std::string service = package + ".ServerReflection";
  const std::string path = "/" + service + "/ServerReflectionInfo";
  const Method method{service, "ServerReflectionInfo", path, "", MethodKind::bidi_streaming, Idempotency::unknown};
  RawStream stream(channel, method, {});
  const std::unique_ptr<Message> request(builtin_prototype(package + ".ServerReflectionRequest").New());
  request->GetReflection()->SetString(request.get(), request->GetDescriptor()->FindFieldByName(field), value);
  stream.send(*request);
  stream.finish_sending();
  const std::unique_ptr<Message> reply(builtin_prototype(package + ".ServerReflectionResponse").New());
  EXPECT_TRUE(stream.receive(*reply));
  std::string text;
  internal::append_message(text, *reply, internal::Codec::json);
  EXPECT_FALSE(stream.receive(*reply));
  return Value::parse(text);
}

TEST_F(BuiltinServices, reflection_lists_everything) {
  run([](Channel& channel) {
    for (const char* version : {"v1", "v1alpha"}) {
      std::vector<std::string> names;
      Value reply = ask(channel, version, "list_services", "*");
      for (const Value& service : reply["listServicesResponse"]["service"].as_array())
        names.push_back(service.find("name")->as_string());
      EXPECT_THAT(names, testing::UnorderedElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                                       "grpc.reflection.v1alpha.ServerReflection", "route.v1.Route"));
    }
  });
}

TEST_F(BuiltinServices, reflection_gives_the_files_that_define_a_name) {
  run([](Channel& channel) {
    for (const char* symbol : {"route.v1.Route", "route.v1.Point", "route.v1.Route.Echo"}) {
      std::set<std::string> files;
      Value reply = ask(channel, "v1", "file_containing_symbol", symbol);
      for (const Value& bytes : reply["fileDescriptorResponse"]["fileDescriptorProto"].as_array()) {
        google::protobuf::FileDescriptorProto file;
        ASSERT_TRUE(file.ParseFromString(base64_decode(bytes.as_string()).value()));
        files.insert(file.name());
      }
      EXPECT_THAT(
          files, testing::ElementsAre("google/protobuf/empty.proto", "google/protobuf/timestamp.proto", "route.proto"));
    }
    EXPECT_TRUE(ask(channel, "v1", "file_containing_symbol", "grpc.health.v1.Health").find("fileDescriptorResponse"));
    EXPECT_TRUE(ask(channel, "v1alpha", "file_by_filename", "route.proto").find("fileDescriptorResponse"));
  });
}

TEST_F(BuiltinServices, reflection_says_what_it_does_not_know) {
  run([](Channel& channel) {
    Value reply = ask(channel, "v1", "file_containing_symbol", "route.v1.Nothing");
    EXPECT_EQ(reply["errorResponse"]["errorCode"], Value(5));
    EXPECT_THAT(reply["errorResponse"]["errorMessage"].as_string(), testing::HasSubstr("route.v1.Nothing"));
  });
}

}  // namespace
}  // namespace marty::grpc
