// For the tests of grpc: an application of gRPC behind a server, and a channel to it, in both worlds.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "marty/grpc/channel.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/web/app.hpp"

namespace marty::grpc::internal {

using http::internal::error_of;
using http::internal::run_in;
using http::internal::WorldKind;

// `build` puts services onto the application.
struct TestServer {
  explicit TestServer(const std::function<void(web::App&)>& build, http::ServerLimits limits = {},
                      ChannelOptions options = {})
      : server(app, {.address = runtime::Address::ip("127.0.0.1", 0), .limits = limits}) {
    build(app);
    app.start();
    server.start();
    channel = std::make_unique<Channel>(server.address().to_string(), options);
  }
  web::App app;
  http::Server server;
  std::unique_ptr<Channel> channel;
};

}  // namespace marty::grpc::internal
