// What a service exports, held against the semantic conventions of OpenTelemetry 1.44
// (https://github.com/open-telemetry/semantic-conventions/tree/v1.44.0/docs): each metric and span that leaves the
// petstore while it is called in many ways has to be in the table here, and to have what the conventions require of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/grpc/channel.hpp"
#include "marty/http/client.hpp"
#include "marty/otlp/internal/test_support.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "petstore/v1/petstore.marty.hpp"
#include "petstore_test_support.hpp"

namespace petstore {
namespace {

using marty::Code;
using marty::Error;
using marty::otlp::internal::Receiver;
using marty::telemetry::internal::Attributes;
using marty::telemetry::internal::ReadSpan;
using namespace std::chrono_literals;

// A span or a data point as it was exported.
struct Item {
  std::string name;  // of the metric, or the kind of the span
  Attributes attributes;
  bool failed = false;  // the span's status
  std::string span_name;

  std::string operator[](const std::string& attribute) const {
    const auto found = attributes.find(attribute);
    return found != attributes.end() ? found->second : std::string();
  }
  bool has(const std::string& attribute) const { return attributes.contains(attribute); }
};

// "If and only if": the attribute is there where the condition holds, and nowhere else.
struct Condition {
  std::string attribute;
  std::function<bool(const Item&)> holds;
};

struct Rule {
  std::string_view section;  // of the conventions' docs
  std::vector<std::string> required;
  std::vector<Condition> conditions = {};
};

bool failed(const Item& item) { return item.failed; }
bool is_server_error(const Item& item) { return item["http.response.status_code"].starts_with('5'); }
bool is_unknown_method(const Item& item) { return item["http.request.method"] == "_OTHER"; }
bool has_address(const Item& item) { return item.has("server.address"); }
bool is_routed(const Item& item) { return item.span_name.find('/') != std::string::npos; }
bool has_no_failure_of_connection(const Item& item) { return !item.failed || item["error.type"].size() == 3; }

const std::map<std::string, Rule, std::less<>>& rules() {
  static const std::map<std::string, Rule, std::less<>> all = {
      {"http.server.request.duration",
       {"http/http-metrics: Metric http.server.request.duration",
        {"http.request.method", "url.scheme", "http.response.status_code"},
        {{"error.type", is_server_error}}}},
      {"http.server.active_requests",
       {"http/http-metrics: Metric http.server.active_requests", {"http.request.method", "url.scheme"}}},
      {"db.client.operation.duration", {"db/database-metrics: Database operation", {"db.system.name"}}},
      {"db.client.connection.count",
       {"db/database-metrics: Connection pools", {"db.client.connection.pool.name", "db.client.connection.state"}}},
      {"process.cpu.time", {"system/process-metrics: Metric process.cpu.time", {"cpu.mode"}}},
      {"process.memory.usage", {"system/process-metrics: Metric process.memory.usage", {}}},
      {"process.memory.virtual", {"system/process-metrics: Metric process.memory.virtual", {}}},
      {"process.unix.file_descriptor.count", {"system/process-metrics: Metric process.unix.file_descriptor.count", {}}},
      {"server of http",
       {"http/http-spans: HTTP server span",
        {"http.request.method", "url.path", "url.scheme", "http.response.status_code"},
        {{"error.type", is_server_error},
         {"error.type", failed},
         {"http.request.method_original", is_unknown_method},
         {"http.route", is_routed},
         {"server.port", has_address}}}},
      {"client of http",
       {"http/http-spans: HTTP client span",
        {"http.request.method", "server.address", "server.port", "url.full"},
        {{"error.type", failed},
         {"http.request.method_original", is_unknown_method},
         {"http.response.status_code", has_no_failure_of_connection}}}},
      {"server of grpc",
       {"rpc/grpc: Server",
        {"rpc.method", "rpc.response.status_code"},
        {{"error.type", failed}, {"server.port", has_address}}}},
      {"server of connectrpc",
       {"rpc/connect-rpc: Server",
        {"rpc.method", "rpc.response.status_code"},
        {{"error.type", failed}, {"server.port", has_address}}}},
      {"client of grpc",
       {"rpc/grpc: Client",
        {"rpc.method", "rpc.response.status_code", "server.address", "server.port"},
        {{"error.type", failed}}}},
      {"client of sqlite", {"db/database-spans: Span definition", {"db.system.name"}, {{"error.type", failed}}}},
      {"internal", {"none: the steps within a request", {}}},
  };
  return all;
}

// Metrics that no convention knows keep the names that they have for Prometheus.
bool is_own_metric(std::string_view name) {
  return name.starts_with("mmf_") || name == "process_max_fds" || name == "process_start_time_seconds";
}

std::string kind_of(const ReadSpan& span) {
  const auto value = [&](const char* name) {
    const auto found = span.attributes.find(name);
    return found != span.attributes.end() ? found->second : std::string();
  };
  const std::string side = span.kind == 2 ? "server of " : "client of ";
  if (span.kind == 1) return "internal";
  if (!value("rpc.system.name").empty()) return side + value("rpc.system.name");
  if (!value("db.system.name").empty()) return side + value("db.system.name");
  return value("http.request.method").empty() ? side + "what no convention knows" : side + "http";
}

void read_metric(std::string_view bytes, std::vector<Item>& items) {
  std::string name;
  for (const auto& field : marty::telemetry::internal::read_message(bytes)) {
    if (field.number == 1) name = field.bytes;
    if (field.number != 5 && field.number != 7 && field.number != 9) continue;
    const std::uint32_t attributes_field = field.number == 9 ? 9 : 7;
    for (const auto& point : marty::telemetry::internal::read_message(field.bytes)) {
      if (point.number != 1) continue;
      Item& item = items.emplace_back(Item{.name = name, .attributes = {}, .span_name = {}});
      for (const auto& part : marty::telemetry::internal::read_message(point.bytes)) {
        if (part.number == attributes_field) marty::telemetry::internal::read_attribute(part.bytes, item.attributes);
      }
    }
  }
}

struct Exported {
  std::vector<Item> items;
  std::vector<ReadSpan> spans;

  // Whether there is one with all of these.
  bool has(std::string_view name, const Attributes& attributes, const std::set<std::string>& without = {}) const {
    return std::ranges::any_of(items, [&](const Item& item) {
      return item.name == name &&
             std::ranges::all_of(attributes, [&](const auto& each) { return item[each.first] == each.second; }) &&
             std::ranges::none_of(without, [&](const std::string& each) { return item.has(each); });
    });
  }
};

Exported read(const std::vector<Receiver::Request>& requests) {
  Exported exported;
  for (const Receiver::Request& request : requests) {
    for (const std::string_view bytes : marty::otlp::internal::items_of(request.body)) {
      if (request.path != "/v1/traces") {
        read_metric(bytes, exported.items);
        continue;
      }
      const ReadSpan& span = exported.spans.emplace_back(marty::telemetry::internal::read_span(bytes));
      exported.items.push_back({kind_of(span), span.attributes, span.status == 2, span.name});
    }
  }
  return exported;
}

template <class Call>
void ignoring_errors(Call&& call) {
  try {
    call();
  } catch (const Error&) {
  }
}

using Headers = std::vector<std::pair<std::string, std::string>>;

// The petstore, and what makes it call others.
void add_routes(marty::Service& service, std::string& url) {
  service.get(
      "/boom", []() -> Pet { throw std::runtime_error("boom"); }, "Fails");
  service.get(
      "/database",
      [](marty::Database& database) {
        database.execute("pragma user_version");
        ignoring_errors([&] { database.execute("insert into nowhere values (1)"); });
      },
      "Asks the database for what is odd, and for what it refuses");
  service.get(
      "/calls",
      [&url] {
        marty::http::Client client;
        client.get(url + "/health/live?a=b");
        ignoring_errors([&] { client.get(url + "/nothing"); });
        ignoring_errors([&] { client.get("http://127.0.0.1:1/"); });
        marty::grpc::Channel channel(url.substr(url.find("//") + 2));
        v1::Pets::Client pets(channel);
        pets.list_pets({});
        ignoring_errors([&] {
          v1::GetPetRequest request;
          request.set_id("018f0000-0000-7000-8000-000000000000");
          pets.get_pet(request);
        });
      },
      "Calls others");
}

void call_in_all_ways(const std::string& url) {
  using marty::http::Method;
  marty::http::Client client;
  const auto send = [&](Method method, const std::string& path, Headers headers = {}, std::string body = {}) {
    return client.send({.method = method, .url = url + path, .headers = std::move(headers), .body = std::move(body)})
        .status;
  };
  EXPECT_EQ(
      send(Method::get, "/api/v1/pets?limit=3",
           {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {"tracestate", "a=1,b=2"}}),
      200);
  EXPECT_EQ(send(Method::get, "/nothing"), 404);
  EXPECT_NE(send(Method::other, "/api/v1/pets"), 200);
  EXPECT_EQ(send(Method::get, "/api/v1/pets/018f0000-0000-7000-8000-000000000000"), 404);
  EXPECT_EQ(send(Method::get, "/boom"), 500);
  EXPECT_EQ(send(Method::get, "/database"), 204);
  EXPECT_EQ(send(Method::get, "/calls"), 204);
  const std::string connect = "/petstore.v1.Pets/";
  EXPECT_EQ(send(Method::post, connect + "ListPets", {{"content-type", "application/json"}}, "{}"), 200);
  EXPECT_NE(send(Method::post, connect + "GetPet", {{"content-type", "application/json"}}, R"({"id":"x"})"), 200);
}

Exported export_of_petstore() {
  const TemporaryFolder folder;
  Exported exported;
  marty::runtime::World::real({.loops = 1})->run([&] {
    Receiver receiver;
    marty::telemetry::RecordingSink log;
    marty::Service service(
        "petstore", marty::ServiceOptions{.directory = PETSTORE_DIRECTORY,
                                          .environment = "testing",
                                          .variables = {{"MARTY_SERVER__HTTP_PORT", "0"},
                                                        {"MARTY_DATABASE__SQLITE__PATH", folder.file("pets.db")},
                                                        {"MARTY_TELEMETRY__TRACING__STEPS", "true"},
                                                        {"MARTY_TELEMETRY__OTLP__ENDPOINT", receiver.endpoint()}},
                                          .log_sink = &log});
    std::string url;
    build(service);
    add_routes(service, url);
    service.start();
    url = "http://" + service.address().to_string();
    call_in_all_ways(url);
    service.stop();
    exported = read(receiver.requests);
  });
  return exported;
}

void check(const Item& item, const Rule& rule) {
  for (const std::string& attribute : rule.required) EXPECT_TRUE(item.has(attribute)) << attribute;
  for (const Condition& condition : rule.conditions)
    EXPECT_EQ(item.has(condition.attribute), condition.holds(item)) << condition.attribute;
  for (const auto& [name, value] : item.attributes) EXPECT_NE(value, "") << name << ": what is not known is not there";
}

TEST(SemanticConventions, everything_that_is_exported_has_what_they_require) {
  const Exported exported = export_of_petstore();
  std::set<std::string> seen;
  for (const Item& item : exported.items) {
    if (is_own_metric(item.name)) continue;
    SCOPED_TRACE(item.name + " " + item.span_name + " " + testing::PrintToString(item.attributes));
    const auto rule = rules().find(item.name);
    if (rule == rules().end()) {
      ADD_FAILURE() << "not in the table of this test: look up what the conventions require of it, and add it";
      continue;
    }
    SCOPED_TRACE(rule->second.section);
    check(item, rule->second);
    seen.insert(item.name);
  }
  for (const auto& [name, rule] : rules()) EXPECT_TRUE(seen.contains(name)) << name << " was not exported";
}

TEST(SemanticConventions, values_are_those_of_the_conventions) {
  const Exported exported = export_of_petstore();
  const std::string requests = "http.server.request.duration";
  EXPECT_TRUE(exported.has(requests, {{"http.request.method", "GET"}, {"http.response.status_code", "404"}},
                           {"http.route", "error.type"}));
  EXPECT_TRUE(exported.has(requests, {{"http.request.method", "_OTHER"}}, {"http.route"}));
  EXPECT_TRUE(exported.has(requests, {{"http.route", "/boom"}, {"error.type", "internal"}, {"url.scheme", "http"}}));
  EXPECT_FALSE(exported.has(requests, {{"http.route", "unmatched"}}));
  EXPECT_TRUE(exported.has("server of http", {{"http.request.method_original", "OTHER"}}));
  EXPECT_TRUE(exported.has("server of http", {{"http.route", "/boom"}, {"error.type", "internal"}}));
  EXPECT_TRUE(exported.has("server of connectrpc", {{"rpc.response.status_code", "invalid_argument"}}, {"error.type"}));
  EXPECT_TRUE(exported.has("server of grpc", {{"rpc.response.status_code", "NOT_FOUND"}}, {"error.type"}));
  EXPECT_TRUE(exported.has("client of grpc", {{"rpc.response.status_code", "NOT_FOUND"}, {"error.type", "NOT_FOUND"}}));
  const std::string operations = "db.client.operation.duration";
  EXPECT_TRUE(exported.has(operations, {{"db.system.name", "sqlite"}}, {"db.operation.name", "db.collection.name"}));
  EXPECT_TRUE(exported.has(operations, {{"db.collection.name", "pets"}}, {"error.type"}));
  EXPECT_TRUE(exported.has(operations, {{"error.type", "internal"}}));
  EXPECT_TRUE(std::ranges::any_of(exported.spans, [](const ReadSpan& span) {
    return span.trace_state == "a=1,b=2" && span.kind == 2;
  })) << "trace/api: SpanContext carries the caller's TraceState";
  for (const char* mode : {"user", "system"}) EXPECT_TRUE(exported.has("process.cpu.time", {{"cpu.mode", mode}}));
}

TEST(SemanticConventions, a_step_that_a_caller_is_to_blame_for_is_no_failure_and_tells_the_code) {
  const Exported exported = export_of_petstore();
  bool refused = false;
  for (const Item& item : exported.items) {
    if (item.name != "internal") continue;
    EXPECT_NE(item["error.type"], "_OTHER") << item.span_name;
    refused = refused || item["mmf.error_code"] == "invalid_argument";
    if (item.has("mmf.error_code")) {
      EXPECT_FALSE(item.failed) << item.span_name;
    }
  }
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace petstore
