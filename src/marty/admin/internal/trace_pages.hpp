// The traces that were kept, one of them, and the calls to others that are seen in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/admin/admin.hpp"
#include "marty/admin/internal/span_reader.hpp"
#include "marty/base/time.hpp"
#include "marty/json/value.hpp"

namespace marty::admin::internal {

struct TraceFacts {
  std::string trace_id;
  std::string name;
  std::string reason;
  bool failed = false;
  Timestamp time;
  double duration_ms = 0;
  std::uint64_t spans = 0;
};

enum class TraceReason : std::uint8_t { error, slow, slowest };
struct TraceList {
  std::string service;
  std::vector<TraceFacts> traces;
};
TraceList traces(const Subject& subject, std::optional<TraceReason> reason);
std::string to_html(const TraceList& list);

struct TraceView {
  std::string service;
  TraceFacts trace;
  std::uint64_t spans_left_out = 0;
  std::vector<SpanDetails> spans;
  std::vector<json::Value> lines;
};
// Throws not_found, also for what is no id.
TraceView trace(const Subject& subject, std::string_view id);
std::string to_html(const TraceView& view);

struct Call {
  std::string kind;  // "client" or "producer"
  std::string to;    // the server's address, or the system of a database
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double mean_ms = 0;
};
struct Calls {
  std::string service;
  std::vector<Call> calls;
};
Calls calls(const Subject& subject);
std::string to_html(const Calls& calls);

}  // namespace marty::admin::internal
