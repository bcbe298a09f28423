#include "marty/admin/internal/span_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "marty/base/encoding.hpp"
#include "marty/telemetry/internal/wire_reader.hpp"
#include "marty/telemetry/span_record.hpp"

namespace marty::admin::internal {
namespace {

using telemetry::internal::WireReader;

std::string_view kind_name(std::uint64_t kind) {
  constexpr std::string_view kNames[] = {"", "internal", "server", "client", "producer", "consumer"};
  return kind < std::size(kNames) ? kNames[kind] : "";
}

std::string read_value(std::string_view any) {
  WireReader reader(any);
  const auto value = reader.next();
  if (!value) return {};
  switch (value->number) {
    case 1:
      return std::string(value->bytes);
    case 2:
      return value->value != 0 ? "true" : "false";
    case 3:
      return std::to_string(static_cast<std::int64_t>(value->value));
    default:
      return fmt::format("{}", std::bit_cast<double>(value->value));
  }
}

SpanAttribute read_attribute(std::string_view bytes) {
  SpanAttribute attribute;
  for (WireReader reader(bytes); const auto field = reader.next();) {
    if (field->number == 1) attribute.name = field->bytes;
    if (field->number == 2) attribute.value = read_value(field->bytes);
  }
  return attribute;
}

double milliseconds_since(std::uint64_t time, std::int64_t start) {
  return static_cast<double>(static_cast<std::int64_t>(time) - start) * 1e-6;
}

SpanEvent read_event(std::string_view bytes, std::int64_t start) {
  SpanEvent event;
  for (WireReader reader(bytes); const auto field = reader.next();) {
    if (field->number == 1) event.at_ms = milliseconds_since(field->value, start);
    if (field->number == 2) event.name = field->bytes;
    if (field->number == 3) event.attributes.push_back(read_attribute(field->bytes));
  }
  return event;
}

void read_status(std::string_view bytes, SpanDetails& span) {
  for (WireReader reader(bytes); const auto field = reader.next();) {
    if (field->number == 2) span.status_message = field->bytes;
    if (field->number == 3) span.failed = field->value == static_cast<std::uint64_t>(telemetry::SpanStatus::error);
  }
}

SpanDetails read_span(std::string_view bytes, std::int64_t start) {
  SpanDetails span;
  for (WireReader reader(bytes); const auto field = reader.next();) {
    switch (field->number) {
      case 2:
        span.span_id = hex_encode(field->bytes);
        break;
      case 4:
        span.parent_span_id = hex_encode(field->bytes);
        break;
      case 5:
        span.name = field->bytes;
        break;
      case 6:
        span.kind = kind_name(field->value);
        break;
      case 7:
        span.start_ms = milliseconds_since(field->value, start);
        break;
      case 8:
        span.duration_ms = milliseconds_since(field->value, start) - span.start_ms;
        break;
      case 9:
        span.attributes.push_back(read_attribute(field->bytes));
        break;
      case 11:
        span.events.push_back(read_event(field->bytes, start));
        break;
      case 15:
        read_status(field->bytes, span);
        break;
      default:
        break;
    }
  }
  return span;
}

using Children = std::multimap<std::string_view, const SpanDetails*>;

// Without recursion: a chain of spans may be long. A ring of parents, which nobody sends, is left out.
std::vector<SpanDetails> in_order(const std::vector<SpanDetails>& spans) {
  std::map<std::string_view, bool> known;
  for (const SpanDetails& span : spans) known[span.span_id] = true;
  Children children;
  std::vector<std::pair<const SpanDetails*, int>> waiting;  // the next one last
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (known.contains(span->parent_span_id)) {
      children.emplace(span->parent_span_id, &*span);
    } else {
      waiting.emplace_back(&*span, 0);
    }
  }
  std::vector<SpanDetails> ordered;
  while (!waiting.empty()) {
    const auto [span, depth] = waiting.back();
    waiting.pop_back();
    ordered.push_back(*span);
    ordered.back().depth = depth;
    const auto [first, last] = children.equal_range(span->span_id);
    for (auto child = first; child != last; ++child) waiting.emplace_back(child->second, depth + 1);
  }
  return ordered;
}

}  // namespace

std::string_view SpanDetails::attribute(std::string_view attribute_name) const {
  const auto found = std::ranges::find(attributes, attribute_name, &SpanAttribute::name);
  return found != attributes.end() ? std::string_view(found->value) : std::string_view();
}

std::vector<SpanDetails> read_spans(std::string_view spans, std::int64_t start) {
  std::vector<SpanDetails> read;
  for (WireReader reader(spans); const auto field = reader.next();) {
    if (field->number == 2) read.push_back(read_span(field->bytes, start));
  }
  std::ranges::stable_sort(read, {}, &SpanDetails::start_ms);
  return in_order(read);
}

}  // namespace marty::admin::internal
