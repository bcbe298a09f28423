// For the tests of streamed bodies: an application behind a server, asked over HTTP/1.1 and HTTP/2.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/web/web.hpp"

namespace marty::web::internal {

constexpr std::string_view kIds = "4bf92f3577b34da6a3ce929d0e0e4736";

inline const auto kVersions = ::testing::Values(http::Protocol::http1, http::Protocol::http2);
inline std::string version_name(const ::testing::TestParamInfo<http::Protocol>& test) {
  return test.param == http::Protocol::http1 ? "http1" : "http2";
}

// An application behind a server, in a world of its own.
class StreamsTest : public ::testing::TestWithParam<http::Protocol> {
 protected:
  StreamsTest() : logging({}, sink) {
    tracer.record(true);
    options.service = "shop";
    options.metrics = &metrics;
    options.logging = &logging;
    options.tracer = &tracer;
  }

  void run(const std::function<void(App&)>& build, const std::function<void()>& test) {
    runtime::SimulatedWorld({.seed = 20261130}).run([&] {
      App app(options);
      build(app);
      app.start();
      http::Server server(app, {.address = runtime::Address::ip("127.0.0.1", 0), .limits = limits});
      server.start();
      address = server.address();
      test();
      server.drain(std::chrono::seconds(10));
    });
  }
  http::Reply get(const std::string& path, http::Method method = http::Method::get,
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.push_back({"traceparent", "00-" + std::string(kIds) + "-00f067aa0ba902b7-01"});
    http::Client client({.protocol = GetParam()});
    return client.send({.method = method, .url = http::internal::url_of(address, path), .headers = headers});
  }
  double count(std::string_view family, std::string route, std::string_view label, std::string value) {
    telemetry::Labels labels{{"service", "shop"}};
    if (family == "mmf_requests_total") labels.push_back({"method", "GET"});
    labels.push_back({"route", std::move(route)});
    labels.push_back({std::string(label), std::move(value)});
    return metrics.value(family, labels).value_or(0);
  }
  telemetry::internal::ReadSpan span_of(std::string_view name) {
    for (const auto& span : telemetry::internal::collect_all(tracer)) {
      if (span.name == name) return span;
    }
    ADD_FAILURE() << "no span " << name;
    return {};
  }

  telemetry::RecordingSink sink;
  telemetry::Logging logging;
  telemetry::Metrics metrics;
  telemetry::Tracer tracer;
  AppOptions options;
  http::ServerLimits limits;
  runtime::Address address;
};
}  // namespace marty::web::internal
