// LoopChannel: a channel's connections on one loop: the addresses of its name, connections to each, and whose turn it
// is.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "marty/grpc/channel.hpp"
#include "marty/grpc/internal/target.hpp"
#include "marty/http/http2_connection.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/telemetry/span_record.hpp"

namespace marty::grpc::internal {

class LoopChannel {
 public:
  // REQUIRES: both outlive it.
  LoopChannel(const Target& target, const ChannelOptions& options);
  ~LoopChannel();
  LoopChannel(const LoopChannel&) = delete;
  LoopChannel& operator=(const LoopChannel&) = delete;

  // A connection that takes a stream now; waits until there is one. Throws unavailable, deadline_exceeded.
  http::Http2Connection& pick();

  const Target& target() const noexcept { return target_; }
  const ChannelOptions& options() const noexcept { return options_; }
  std::string_view authority() const noexcept { return options_.authority; }
  std::vector<http::Header>& headers() noexcept { return headers_; }  // for a head that is being put together
  const telemetry::SpanSite& site(const Method& method);              // of the spans of its calls

 private:
  class Endpoint;

  http::Http2Connection* pick_among(bool in_need);
  void resolve_when_due();
  void take_over(const std::vector<Target::Place>& places);
  void drop_retired();

  const Target& target_;
  const ChannelOptions& options_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> retired_;  // no address any more, but with calls
  std::size_t next_ = 0;
  runtime::TimePoint resolved_at_ = runtime::TimePoint::min();
  std::exception_ptr failure_;  // the last one to reach an endpoint
  runtime::Mutex resolving_;
  std::vector<http::Header> headers_;
  std::map<std::string, const telemetry::SpanSite*, std::less<>> sites_;  // by path
};

}  // namespace marty::grpc::internal
