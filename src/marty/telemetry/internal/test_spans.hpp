// For tests: spans as OTLP has them, read back.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry::internal {

// A field of a protobuf message: a number, or bytes.
struct WireField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;
  std::string_view bytes;
};

inline std::uint64_t read_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (int shift = 0; !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

inline std::vector<WireField> read_message(std::string_view in) {
  std::vector<WireField> fields;
  while (!in.empty()) {
    const std::uint64_t tag = read_varint(in);
    WireField field{static_cast<std::uint32_t>(tag >> 3)};
    const std::size_t fixed = (tag & 7) == 1 ? 8 : (tag & 7) == 5 ? 4 : 0;
    if ((tag & 7) == 0) {
      field.value = read_varint(in);
    } else if (fixed > 0) {
      std::memcpy(&field.value, in.data(), fixed);
      in.remove_prefix(fixed);
    } else {
      const auto size = static_cast<std::size_t>(read_varint(in));
      field.bytes = in.substr(0, size);
      in.remove_prefix(size);
    }
    fields.push_back(field);
  }
  return fields;
}

using Attributes = std::map<std::string, std::string>;

struct ReadEvent {
  std::string name;
  std::uint64_t time = 0;
  Attributes attributes;
};

struct ReadSpan {
  std::string trace_id, span_id, trace_state, parent_span_id, name, status_message;  // ids as bytes
  std::uint64_t kind = 0, start = 0, end = 0, status = 0, flags = 0, dropped = 0;
  Attributes attributes;
  std::vector<ReadEvent> events;
  std::vector<std::pair<std::string, std::string>> links;
};

inline std::string read_value(std::string_view any) {
  const WireField value = read_message(any).at(0);
  if (value.number == 1) return std::string(value.bytes);
  if (value.number == 2) return value.value != 0 ? "true" : "false";
  if (value.number == 3) return std::to_string(static_cast<std::int64_t>(value.value));
  return std::to_string(std::bit_cast<double>(value.value));
}

inline void read_attribute(std::string_view bytes, Attributes& into) {
  const auto fields = read_message(bytes);
  into.emplace(fields.at(0).bytes, read_value(fields.at(1).bytes));
}

inline ReadEvent read_event(std::string_view bytes) {
  ReadEvent event;
  for (const WireField& field : read_message(bytes)) {
    if (field.number == 1) event.time = field.value;
    if (field.number == 2) event.name = field.bytes;
    if (field.number == 3) read_attribute(field.bytes, event.attributes);
  }
  return event;
}

inline ReadSpan read_span(std::string_view bytes) {
  ReadSpan span;
  for (const WireField& field : read_message(bytes)) {
    switch (field.number) {
      case 1:
        span.trace_id = field.bytes;
        break;
      case 2:
        span.span_id = field.bytes;
        break;
      case 3:
        span.trace_state = field.bytes;
        break;
      case 4:
        span.parent_span_id = field.bytes;
        break;
      case 5:
        span.name = field.bytes;
        break;
      case 6:
        span.kind = field.value;
        break;
      case 7:
        span.start = field.value;
        break;
      case 8:
        span.end = field.value;
        break;
      case 9:
        read_attribute(field.bytes, span.attributes);
        break;
      case 10:
        span.dropped = field.value;
        break;
      case 11:
        span.events.push_back(read_event(field.bytes));
        break;
      case 13: {
        const auto link = read_message(field.bytes);
        span.links.emplace_back(link.at(0).bytes, link.at(1).bytes);
        break;
      }
      case 15:
        for (const WireField& part : read_message(field.bytes)) {
          if (part.number == 2) span.status_message = part.bytes;
          if (part.number == 3) span.status = part.value;
        }
        break;
      case 16:
        span.flags = field.value;
        break;
      default:
        break;
    }
  }
  return span;
}

// What a batch holds.
inline std::vector<ReadSpan> read_spans(std::string_view batch) {
  std::vector<ReadSpan> spans;
  for (const WireField& field : read_message(batch)) spans.push_back(read_span(field.bytes));
  return spans;
}

// All that the tracer has, of windows that have not ended as well.
inline std::vector<ReadSpan> collect_all(Tracer& tracer) {
  std::string batch;
  while (tracer.collect_rest(batch, batch.max_size()) != 0) {
  }
  return read_spans(batch);
}

}  // namespace marty::telemetry::internal
