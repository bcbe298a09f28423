// The headers that a stranger may send to begin a context: one "name: value" a line.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "marty/telemetry/context.hpp"

using namespace marty::telemetry;

namespace {

struct Header {
  std::string_view name;
  std::string_view value;
};

std::vector<Header> split(std::string_view text) {
  std::vector<Header> headers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = std::min(line.find(':'), line.size());
    headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 2, line.size()))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return headers;
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Context context;
  context.begin(split({reinterpret_cast<const char*>(data), size}), Peer::trusted);
  require(context.trace_id.valid() && context.span_id.valid());
  require(!context.correlation_id.empty() && !context.request_id.empty());
  require(context.tracestate.size() <= kMaxTracestateBytes && context.baggage.size() <= kMaxBaggageBytes);

  context.in_span = true;  // so that the parent is known

  // What goes out is printable, and the next service reads the same from it.
  std::vector<std::pair<std::string, std::string>> sent;
  context.inject([&](std::string_view name, std::string_view value) {
    for (const char c : value) require((c >= 0x20 && c <= 0x7E) || c == '\t');
    sent.emplace_back(name, value);
  });
  std::vector<Header> headers;
  for (const auto& [name, value] : sent) headers.push_back({name, value});
  Context next;
  next.begin(headers, Peer::trusted);
  require(next.trace_id == context.trace_id && next.parent_span_id == context.span_id);
  require(next.rejected == 0);
  require(next.sampled == context.sampled && next.correlation_id == context.correlation_id);
  require(next.tracestate == context.tracestate && next.baggage == context.baggage);
  return 0;
}
