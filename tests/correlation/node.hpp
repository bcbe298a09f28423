// A service that hands a request on to the next one, by HTTP or by any kind of gRPC call.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "marty/grpc/channel.hpp"
#include "marty/http/client.hpp"
#include "marty/json/value.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/tracer.hpp"
#include "relay.marty.hpp"

namespace marty::correlation_test {

using relay::v1::Parcel;
using relay::v1::Relay;
using telemetry::internal::ReadSpan;

struct Hops {
  std::vector<std::string> hops;
};

class Node {
 public:
  // `next`: null for the last one.
  Node(const std::string& name, Node* next, config::Variables variables = {},
       const std::string& environment = "testing", telemetry::Identity identity = telemetry::Identity::forward)
      : service(name, options(std::move(variables), environment, log)), next_(next) {
    service.post(
        "/relay", [this](const Body<Hops>& body) { forward(body->hops); }, "Hand it on");
    service.grpc(Relay{
        .pass =
            [this](const Parcel& parcel) {
              forward(hops_of(parcel));
              return parcel;
            },
        .split =
            [this](const Parcel& parcel, grpc::Writer<Parcel>& writer) {
              forward(hops_of(parcel));
              writer.write(parcel);
            },
        .join = [this](grpc::Reader<Parcel>& reader) { return take(reader); },
        .talk = [this](grpc::Reader<Parcel>& reader, grpc::Writer<Parcel>& writer) { writer.write(take(reader)); }});
    service.on_start("spans", [this] { tracer().record(true); });
    service.start();
    if (next == nullptr) return;
    http_ = std::make_unique<http::Client>(http::ClientOptions{.identity = identity});
    channel_ = std::make_unique<grpc::Channel>(next->service.address().to_string(),
                                               grpc::ChannelOptions{.identity = identity});
  }

  ~Node() { service.stop(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string url() const { return "http://" + service.address().to_string(); }
  telemetry::Tracer& tracer() { return *service.app().options().tracer; }
  // What has ended since the last call.
  std::vector<ReadSpan> collect() { return telemetry::internal::collect_all(tracer()); }
  // The lines with that message.
  std::vector<json::Value> lines(std::string_view message) const {
    std::vector<json::Value> found;
    for (const std::string& text : log.lines()) {
      json::Value line = json::Value::parse(text);
      if (line["message"].as_string() == message) found.push_back(std::move(line));
    }
    return found;
  }

  telemetry::RecordingSink log;
  Service service;

 private:
  static ServiceOptions options(config::Variables variables, const std::string& environment, telemetry::LogSink& log) {
    variables.emplace("MARTY_SERVER__HTTP_PORT", "0");
    return {
        .directory = "/nonexistent", .environment = environment, .variables = std::move(variables), .log_sink = &log};
  }
  static std::vector<std::string> hops_of(const Parcel& parcel) { return {parcel.hops().begin(), parcel.hops().end()}; }

  Parcel take(grpc::Reader<Parcel>& reader) {
    Parcel parcel;
    if (!reader.read(parcel)) throw Error(Code::invalid_argument, "a parcel is missing");
    forward(hops_of(parcel));
    return parcel;
  }

  void forward(std::vector<std::string> hops) {
    log::info("relayed", {{"left", hops.size()}});
    if (hops.empty()) return;
    const std::string kind = hops.front();
    hops.erase(hops.begin());
    kind == "http" ? send(hops) : call(kind, hops);
  }

  void send(const std::vector<std::string>& hops) {
    std::string body;
    for (const std::string& hop : hops) body += (body.empty() ? "\"" : ",\"") + hop + "\"";
    const http::Reply reply = http_->send({.method = http::Method::post,
                                           .url = next_->url() + "/relay",
                                           .headers = {{"content-type", "application/json"}},
                                           .body = "{\"hops\":[" + body + "]}"});
    if (reply.status >= 300) throw Error(Code::internal, "the next service answered " + reply.body);
  }

  void call(const std::string& kind, const std::vector<std::string>& hops) {
    Relay::Client client(*channel_);
    Parcel parcel, answer;
    for (const std::string& hop : hops) parcel.add_hops(hop);
    if (kind == "pass") {
      client.pass(parcel);
    } else if (kind == "split") {
      auto stream = client.split(parcel);
      while (stream.read(answer)) continue;
    } else if (kind == "join") {
      auto stream = client.join();
      stream.write(parcel);
      stream.finish();
    } else if (kind == "talk") {
      auto stream = client.talk();
      stream.write(parcel);
      stream.finish_writing();
      while (stream.read(answer)) continue;
    } else {
      throw Error(Code::invalid_argument, "there is no way " + kind);
    }
  }

  Node* const next_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<grpc::Channel> channel_;
};

}  // namespace marty::correlation_test
