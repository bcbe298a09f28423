// A calls B calls C, over real sockets and over simulated ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"
#include "node.hpp"

namespace marty::correlation_test {
namespace {

using testing::HasSubstr;

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::vector<std::pair<std::string, std::string>> kHeaders = {
    {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    {"x-mmf-correlation-id", "order-7"},
    {"x-mmf-user-id", "kim"},
    {"x-mmf-session-id", "s-9"},
    {"baggage", "tier=gold"}};
const config::Variables kTrusting = {{"MARTY_TELEMETRY__TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8"},
                                     {"MARTY_TELEMETRY__TRACING__SLOWEST_WINDOW", "0s"}};

void run_in(bool simulated, const std::function<void()>& test) {
  simulated ? runtime::SimulatedWorld().run(test) : runtime::World::real({.loops = 2})->run(test);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

int relay(Node& first, const std::vector<std::string>& hops,
          std::vector<std::pair<std::string, std::string>> headers = kHeaders) {
  http::Client client;
  headers.emplace_back("content-type", "application/json");
  const std::string body = hops.size() == 2 ? "[\"" + hops[0] + "\",\"" + hops[1] + "\"]" : "[]";
  return client
      .send({.method = http::Method::post,
             .url = first.url() + "/relay",
             .headers = std::move(headers),
             .body = "{\"hops\":" + body + "}"})
      .status;
}

// The spans that the services have recorded, by their names.
using Spans = std::map<std::string, std::vector<ReadSpan>>;

const ReadSpan& of_kind(const std::vector<ReadSpan>& spans, telemetry::SpanKind kind) {
  const auto found = std::ranges::find(spans, static_cast<std::uint64_t>(kind), &ReadSpan::kind);
  if (found == spans.end()) throw Error(Code::not_found, "there is no span of that kind");
  return *found;
}

// Who calls whom: a span whose parent is a span of another service.
std::set<std::pair<std::string, std::string>> dependencies(const Spans& spans) {
  std::map<std::string, std::string> services;
  for (const auto& [service, own] : spans) {
    for (const ReadSpan& span : own) services[span.span_id] = service;
  }
  std::set<std::pair<std::string, std::string>> edges;
  for (const auto& [service, own] : spans) {
    for (const ReadSpan& span : own) {
      const auto caller = services.find(span.parent_span_id);
      if (caller != services.end() && caller->second != service) edges.emplace(caller->second, service);
    }
  }
  return edges;
}

// Each server span is the child of the client span of the service before.
void expect_one_chain(const Spans& spans) {
  std::string parent = "b7ad6b7169203331";
  std::set<std::string> ids, requests;
  for (const char* service : {"a", "b", "c"}) {
    const ReadSpan& server = of_kind(spans.at(service), telemetry::SpanKind::server);
    EXPECT_EQ(hex(server.parent_span_id), parent) << service;
    requests.insert(server.attributes.at("mmf.request_id"));
    for (const ReadSpan& span : spans.at(service)) {
      EXPECT_EQ(hex(span.trace_id), kTrace);
      EXPECT_EQ(span.attributes.at("mmf.correlation_id"), "order-7") << span.name;
      EXPECT_EQ(span.attributes.at("mmf.user_id"), "kim") << span.name;
      ids.insert(span.span_id);
    }
    if (*service == 'c') break;
    const ReadSpan& client = of_kind(spans.at(service), telemetry::SpanKind::client);
    EXPECT_EQ(hex(client.parent_span_id), hex(server.span_id)) << service;
    parent = hex(client.span_id);
  }
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(requests.size(), 3u);
  EXPECT_EQ(dependencies(spans), (std::set<std::pair<std::string, std::string>>{{"a", "b"}, {"b", "c"}}));
}

// Lines of the hops: the same trace and people, and each hop's own span and request.
void expect_lines(const std::vector<const Node*>& nodes, const Spans& spans) {
  std::set<std::string> requests;
  for (const Node* const node : nodes) {
    const std::vector<json::Value> lines = node->lines("relayed");
    ASSERT_EQ(lines.size(), 1u);
    const json::Value& line = lines.front();
    const std::string name = line["service"].as_string();
    EXPECT_EQ(line["trace_id"].as_string(), kTrace);
    EXPECT_EQ(line["correlation_id"].as_string(), "order-7");
    EXPECT_EQ(line["user_id"].as_string(), "kim");
    EXPECT_EQ(line["session_id"].as_string(), "s-9");
    const ReadSpan& server = of_kind(spans.at(name), telemetry::SpanKind::server);
    EXPECT_EQ(line["span_id"].as_string(), hex(server.span_id));
    EXPECT_EQ(line["request_id"].as_string(), server.attributes.at("mmf.request_id"));
    requests.insert(line["request_id"].as_string());
  }
  EXPECT_EQ(requests.size(), nodes.size());
}

void expect_exemplar(Node& node) {
  http::Client client;
  const http::Reply metrics =
      client.send({.url = node.url() + "/metrics", .headers = {{"accept", "application/openmetrics-text"}}});
  EXPECT_THAT(metrics.body, HasSubstr(" # {trace_id=\"" + std::string(kTrace) + "\""));
}

class Chain : public testing::TestWithParam<std::tuple<bool, std::vector<std::string>>> {};

TEST_P(Chain, keeps_trace_and_correlation_with_new_ids_per_hop) {
  const auto& [simulated, hops] = GetParam();
  run_in(simulated, [&] {
    Node c("c", nullptr, kTrusting), b("b", &c, kTrusting), a("a", &b, kTrusting);
    ASSERT_EQ(relay(a, hops), 204);
    expect_exemplar(b);
    for (Node* const node : {&a, &b, &c}) node->service.stop();  // the last spans have ended
    const Spans spans = {{"a", a.collect()}, {"b", b.collect()}, {"c", c.collect()}};
    expect_one_chain(spans);
    expect_lines({&a, &b, &c}, spans);
  });
}

std::vector<std::vector<std::string>> ways() {
  std::vector<std::vector<std::string>> all = {{"http", "http"}};
  for (const char* kind : {"pass", "split", "join", "talk"}) {
    all.push_back({"http", kind});
    all.push_back({kind, "http"});
  }
  return all;
}
std::string name_of(const testing::TestParamInfo<Chain::ParamType>& parameters) {
  const auto& [simulated, hops] = parameters.param;
  return (simulated ? "simulated_" : "real_") + hops[0] + "_" + hops[1];
}
INSTANTIATE_TEST_SUITE_P(EveryWay, Chain, testing::Combine(testing::Bool(), testing::ValuesIn(ways())), name_of);

TEST(Identity, is_believed_only_of_trusted_peers_and_still_handed_on) {
  runtime::SimulatedWorld().run([] {
    Node c("c", nullptr, kTrusting), b("b", &c), a("a", &b, kTrusting);
    ASSERT_EQ(relay(a, {"http", "pass"}), 204);
    EXPECT_EQ(a.lines("relayed").at(0)["user_id"].as_string(), "kim");
    for (const Node* node : {&b, &c}) EXPECT_EQ(node->lines("relayed").at(0).find("user_id"), nullptr);
    EXPECT_EQ(c.lines("relayed").at(0)["correlation_id"].as_string(), "order-7");
    const auto rejected = [](Node& node) {
      return node.service.metrics().value("mmf_correlation_rejected_total", {{"reason", "untrusted_identity"}});
    };
    EXPECT_EQ(rejected(a), 0);
    EXPECT_EQ(rejected(b), 1);
    EXPECT_EQ(rejected(c), 0);
  });
}

TEST(Identity, stays_here_where_the_client_does_not_forward_it) {
  runtime::SimulatedWorld().run([] {
    Node c("c", nullptr, kTrusting);
    Node b("b", &c, kTrusting, "testing", telemetry::Identity::omit);
    Node a("a", &b, kTrusting);
    ASSERT_EQ(relay(a, {"pass", "pass"}), 204);
    EXPECT_EQ(b.lines("relayed").at(0)["session_id"].as_string(), "s-9");
    EXPECT_EQ(c.lines("relayed").at(0).find("session_id"), nullptr);
    EXPECT_EQ(c.lines("relayed").at(0)["trace_id"].as_string(), kTrace);
  });
}

TEST(Identity, needs_blocks_that_are_ones) {
  runtime::SimulatedWorld().run([] {
    try {
      const Node node("a", nullptr, {{"MARTY_TELEMETRY__TRUSTED_PROXIES", "127.0.0.1, 10.1.0.0/8"}});
      FAIL() << "started";
    } catch (const Error& error) {
      const std::string failure = describe(std::current_exception());
      EXPECT_THAT(failure, HasSubstr("telemetry.trusted_proxies[1]"));
      EXPECT_THAT(failure, HasSubstr("no bits beyond the prefix"));
    }
  });
}

// The traces of which a service has spans.
std::set<std::string> traces(Node& node) {
  std::set<std::string> ids;
  for (const ReadSpan& span : node.collect()) ids.insert(span.trace_id);
  return ids;
}

TEST(Sampling, of_ten_thousand_traces_in_production_takes_a_tenth_and_the_same_in_all_services) {
  config::Variables variables = kTrusting;
  variables.emplace("MARTY_TELEMETRY__TRACING__SLOW", "0s");
  runtime::SimulatedWorld().run([&] {
    Node c("c", nullptr, variables, "production"), b("b", &c, variables, "production"),
        a("a", &b, variables, "production");
    std::size_t recorded = 0;
    for (int round = 0; round < 100; ++round) {
      for (int i = 0; i < 100; ++i) ASSERT_EQ(relay(a, {"http", "pass"}, {}), 204);
      const std::set<std::string> at_a = traces(a);
      EXPECT_EQ(traces(b), at_a);
      EXPECT_EQ(traces(c), at_a);
      recorded += at_a.size();
    }
    EXPECT_NEAR(static_cast<double>(recorded), 1000, 120);  // four standard deviations
    const json::Value started = a.lines("started").at(0);
    EXPECT_EQ(started["environment"].as_string(), "production");
    EXPECT_EQ(started["sample_ratio"].as_number(), 0.1);
    EXPECT_EQ(started["exporter"].as_string(), "none");
  });
}

}  // namespace
}  // namespace marty::correlation_test
