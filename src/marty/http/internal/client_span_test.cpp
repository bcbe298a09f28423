#include "marty/http/internal/client_span.hpp"

#include <gtest/gtest.h>

#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/internal/test_spans.hpp"

namespace marty::http::internal {
namespace {

// The span of a request, and the request as it goes out.
telemetry::internal::ReadSpan span_of(OutgoingRequest& request) {
  telemetry::internal::ReadSpan read;
  runtime::SimulatedWorld().run([&] {
    telemetry::Tracer tracer({.slowest_window = std::chrono::seconds(0)});
    tracer.record(true);
    telemetry::Context context;
    context.begin();
    tracer.start(context);
    const telemetry::ContextScope scope(context);
    {
      ClientSpan span(request, telemetry::Identity::omit);
      span.replied(200);
    }
    read = telemetry::internal::collect_all(tracer).at(0);
  });
  return read;
}

TEST(ClientSpan, tells_the_url_without_its_secrets) {
  OutgoingRequest request{.url = "http://shop.example:81/pets?token=abc&page=2"};
  const auto span = span_of(request);
  EXPECT_EQ(span.name, "GET");
  EXPECT_EQ(span.kind, 3u);
  EXPECT_EQ(span.attributes.at("url.full"), "http://shop.example:81/pets?token=[redacted]&page=2");
  EXPECT_EQ(span.attributes.at("server.address"), "shop.example");
  EXPECT_EQ(span.attributes.at("server.port"), "81");
  EXPECT_EQ(request.url, "http://shop.example:81/pets?token=abc&page=2");
  OutgoingRequest plain{.url = "https://shop.example/pets"};
  EXPECT_EQ(span_of(plain).attributes.at("url.full"), "https://shop.example/pets");
}

TEST(ClientSpan, is_the_parent_that_goes_along) {
  OutgoingRequest request{.url = "http://shop.example/"};
  const auto span = span_of(request);
  std::uint64_t id = 0;
  for (const char c : span.span_id) id = id << 8 | static_cast<unsigned char>(c);
  ASSERT_EQ(request.headers.at(0).first, "traceparent");
  EXPECT_EQ(request.headers.at(0).second.substr(36, 16), telemetry::to_string(telemetry::SpanId{id}));
}

}  // namespace
}  // namespace marty::http::internal
