#include "marty/telemetry/span_record.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "marty/base/strings.hpp"
#include "marty/telemetry/internal/protobuf_wire.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::telemetry {
namespace {

using internal::varint_size;
using internal::write_big_endian;
using internal::write_little_endian;
using internal::write_varint;

// Fields of Span, Event, Link and Status in trace.proto; of KeyValue and AnyValue in common.proto. All are below 16, so
// that a tag is one byte.
enum : char {
  kBytesType = 2,
  kTraceId = 1 << 3 | kBytesType,
  kSpanId = 2 << 3 | kBytesType,
  kTraceState = 3 << 3 | kBytesType,
  kParentSpanId = 4 << 3 | kBytesType,
  kName = 5 << 3 | kBytesType,
  kKind = 6 << 3,
  kStart = 7 << 3 | 1,
  kEnd = 8 << 3 | 1,
  kAttribute = 9 << 3 | kBytesType,
  kDroppedAttributes = 10 << 3,
  kEvent = 11 << 3 | kBytesType,
  kLink = 13 << 3 | kBytesType,
  kStatus = 15 << 3 | kBytesType,
};

// Behind what was put; the text may be empty, and then begin nowhere.
char* put(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

constexpr std::size_t field_size(std::size_t content) { return 1 + varint_size(content) + content; }

char* write_field(char* to, char tag, std::string_view content) {
  *to++ = tag;
  to = write_varint(to, content.size());
  return put(to, content);
}

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0, eight;
  while (text.size() >= sizeof eight) {
    std::memcpy(&eight, text.data(), sizeof eight);
    seen |= eight;
    text.remove_prefix(sizeof eight);
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & 0x8080808080808080u) == 0;
}

// A message `tag {1: key, 2: {value_tag: value}}`; where it does not fit, `to` is given back.
char* write_text_attribute(char* to, const char* end, char tag, std::string_view key, std::string_view value) {
  const std::size_t any = field_size(value.size());
  const std::size_t whole = field_size(key.size()) + field_size(any);
  if (to + field_size(whole) > end) return to;
  *to++ = tag;
  to = write_varint(to, whole);
  to = write_field(to, 1 << 3 | kBytesType, key);
  *to++ = 2 << 3 | kBytesType;
  to = write_varint(to, any);
  return write_field(to, 1 << 3 | kBytesType, value);
}

// The same for a value that is no text: `any` is AnyValue's whole content.
char* write_any_attribute(char* to, const char* end, char tag, std::string_view key, std::string_view any) {
  const std::size_t whole = field_size(key.size()) + field_size(any.size());
  if (to + field_size(whole) > end) return to;
  *to++ = tag;
  to = write_varint(to, whole);
  to = write_field(to, 1 << 3 | kBytesType, key);
  return write_field(to, 2 << 3 | kBytesType, any);
}

char* write_integer_attribute(char* to, const char* end, char tag, std::string_view key, std::int64_t value) {
  char any[1 + internal::kMaxVarintBytes] = {3 << 3};
  const char* const any_end = write_varint(any + 1, static_cast<std::uint64_t>(value));
  return write_any_attribute(to, end, tag, key, {any, std::size_t(any_end - any)});
}

char* write_text_safely(char* to, const char* end, char tag, std::string_view key, std::string_view value) {
  if (is_ascii(value.substr(0, SpanRecord::kMaxValueBytes)))
    return write_text_attribute(to, end, tag, key, value.substr(0, SpanRecord::kMaxValueBytes));
  char valid[SpanRecord::kMaxValueBytes];
  return write_text_attribute(to, end, tag, key, valid_utf8(value, valid));
}

char* write_attribute(char* to, const char* end, char tag, const LogField& field);

// Names are literals nearly always. One that is no ASCII is cleaned: a receiver would refuse all of the batch.
char* write_cleaned_name(char* to, const char* end, char tag, const LogField& field) {
  const std::string valid = valid_utf8(field.name());
  std::string name;
  for (const char c : valid) name += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return field.visit([&](const auto& value) { return write_attribute(to, end, tag, LogField(name, value)); });
}

char* write_attribute(char* to, const char* end, char tag, const LogField& field) {
  if (!is_ascii(field.name())) return write_cleaned_name(to, end, tag, field);
  return field.visit([&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const char any[2] = {2 << 3, value};
      return write_any_attribute(to, end, tag, field.name(), {any, 2});
    } else if constexpr (std::is_same_v<T, double>) {
      char any[9] = {4 << 3 | 1};
      write_little_endian(any + 1, std::bit_cast<std::uint64_t>(value));
      return write_any_attribute(to, end, tag, field.name(), {any, 9});
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return write_integer_attribute(to, end, tag, field.name(), value);
    } else {
      return write_text_safely(to, end, tag, field.name(), value);
    }
  });
}

bool is_empty_text(const LogField& field) {
  return field.visit([]<class T>(const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) return std::string_view(value).empty();
    return false;
  });
}

class Sites {
 public:
  template <class Make>
  const SpanSite& get(std::string_view name, std::string wire, Make&& make) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<const SpanSite>& site = sites_[{std::string(name), wire}];
    if (site == nullptr) site.reset(make(std::move(wire)));
    return *site;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<const SpanSite>> sites_;
};

}  // namespace

const SpanSite& SpanSite::get(std::string_view name, LogFields attributes) {
  static Sites* const sites = new Sites;  // never destroyed: records may outlive everything
  std::string wire(attributes.size() * SpanRecord::kBytes, '\0');
  char* to = wire.data();
  for (const LogField& attribute : attributes) {
    if (!is_empty_text(attribute)) to = write_attribute(to, wire.data() + wire.size(), kAttribute, attribute);
  }
  wire.resize(static_cast<std::size_t>(to - wire.data()));
  return sites->get(name, std::move(wire), [&](std::string made) { return new SpanSite(name, std::move(made)); });
}

void SpanRecord::set_name(std::string_view text) noexcept {
  text = valid_utf8(text, {arena, kMaxNameBytes});
  name_size = static_cast<std::uint8_t>(text.size());
  size = name_size;
}

namespace {

// Where the next field goes: `write(to, end)` returns the new end, or `to` where there is no room. What throws for want
// of memory found no room either.
template <class Write>
void add(SpanRecord& record, Write&& write) noexcept {
  char* const to = record.arena + record.size;
  char* written = to;
  try {
    written = write(to, record.arena + sizeof record.arena);
  } catch (...) {
  }
  if (written == to && record.dropped < 255) ++record.dropped;
  record.size = static_cast<std::uint16_t>(written - record.arena);
}

}  // namespace

void SpanRecord::set(const LogField& attribute) noexcept {
  add(*this, [&](char* to, const char* limit) { return write_attribute(to, limit, kAttribute, attribute); });
}
void SpanRecord::set_text(std::string_view key, std::string_view value) noexcept {
  add(*this, [&](char* to, const char* limit) { return write_text_safely(to, limit, kAttribute, key, value); });
}

// The quick way of nearly all attributes of the framework: lengths of one byte each, and a name that is copied whole,
// together with what is overwritten next.
void SpanRecord::set(const AttributeName& key, std::string_view value) noexcept {
  constexpr std::size_t kMost = 127 - sizeof key.wire_ - 6;
  char* to = arena + size;
  if (value.size() > kMost || to + sizeof key.wire_ + 6 + value.size() > arena + sizeof arena || !is_ascii(value))
    return set_text(key.name(), value);
  const auto length = static_cast<char>(value.size());
  *to++ = kAttribute;
  *to++ = static_cast<char>(key.size_ + 4 + length);
  std::memcpy(to, key.wire_, sizeof key.wire_);
  to += key.size_;
  *to++ = 2 << 3 | kBytesType;
  *to++ = static_cast<char>(2 + length);
  *to++ = 1 << 3 | kBytesType;
  *to++ = length;
  size = static_cast<std::uint16_t>(put(to, value) - arena);
}

void SpanRecord::set(const AttributeName& key, std::int64_t value) noexcept {
  char* to = arena + size;
  char number[internal::kMaxVarintBytes];
  const auto length = write_varint(number, static_cast<std::uint64_t>(value)) - number;
  if (to + sizeof key.wire_ + 5 + sizeof number > arena + sizeof arena) {
    if (dropped < 255) ++dropped;
    return;
  }
  *to++ = kAttribute;
  *to++ = static_cast<char>(key.size_ + 3 + length);
  std::memcpy(to, key.wire_, sizeof key.wire_);
  to += key.size_;
  *to++ = 2 << 3 | kBytesType;
  *to++ = static_cast<char>(1 + length);
  *to++ = 3 << 3;
  std::memcpy(to, number, sizeof number);
  size = static_cast<std::uint16_t>(to + length - arena);
}

void SpanRecord::event(std::string_view title, LogFields attributes, std::uint64_t unix_nanoseconds,
                       const Logging* logging) noexcept {
  char content[sizeof arena];
  char* at = content;
  *at++ = 1 << 3 | 1;
  at = write_little_endian(at, unix_nanoseconds);
  char valid[kMaxNameBytes];
  at = write_field(at, 2 << 3 | kBytesType, valid_utf8(title, valid));
  for (const LogField& attribute : attributes) {
    char* const before = at;
    constexpr char kEventAttribute = 3 << 3 | kBytesType;
    try {
      at = hides(logging, attribute.name())
               ? write_text_attribute(at, content + sizeof content, kEventAttribute, attribute.name(), kRedacted)
               : write_attribute(at, content + sizeof content, kEventAttribute, attribute);
    } catch (...) {
    }
    if (at == before && dropped < 255) ++dropped;
  }
  const std::string_view whole(content, static_cast<std::size_t>(at - content));
  add(*this, [&](char* to, const char* limit) {
    return to + field_size(whole.size()) > limit ? to : write_field(to, kEvent, whole);
  });
}

void SpanRecord::link(TraceId trace, SpanId span) noexcept {
  constexpr std::size_t kSize = 2 + 16 + 2 + 8;
  add(*this, [&](char* to, const char* limit) {
    if (to + field_size(kSize) > limit) return to;
    *to++ = kLink;
    *to++ = kSize;
    *to++ = kTraceId;
    *to++ = 16;
    to = write_big_endian(write_big_endian(to, trace.high), trace.low);
    *to++ = kSpanId;
    *to++ = 8;
    return write_big_endian(to, span.value);
  });
}

void SpanRecord::set_trace_state(std::string_view state) noexcept {
  constexpr std::size_t kHeadBytes = 3;  // tag and length
  const std::size_t room = sizeof arena - size;
  if (state.size() + kHeadBytes > room) {
    if (dropped < 255) ++dropped;
    if (room <= kHeadBytes) return;
    const std::size_t comma = state.rfind(',', room - kHeadBytes);
    state = state.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  if (state.empty()) return;
  add(*this, [&](char* to, const char*) { return write_field(to, kTraceState, state); });
}

void SpanRecord::fail(std::string_view message) noexcept {
  status = SpanStatus::error;
  if (message.empty() || has_message) return;
  char valid[kMaxValueBytes];
  const std::string_view text = valid_utf8(message, valid);
  add(*this, [&](char* to, const char* limit) {
    const std::size_t whole = field_size(text.size()) + 2;
    if (to + field_size(whole) > limit) return to;
    has_message = true;
    *to++ = kStatus;
    to = write_varint(to, whole);
    to = write_field(to, 2 << 3 | kBytesType, text);
    *to++ = 3 << 3;
    *to++ = static_cast<char>(SpanStatus::error);
    return to;
  });
}

namespace {

// An attribute whose value is an id in hexadecimal digits: `head` is all that stands before them.
template <std::size_t N>
char* write_id_attribute(char* to, const char (&head)[N], TraceId id) {
  std::memcpy(to, head, N - 1);
  write_hex(id, to + N - 1);
  return to + N - 1 + 32;
}

// What stands in the record as bits: attributes whose values are made of its ids. A KeyValue of 56 or 52 bytes, with a
// key of 18 or 14, and an AnyValue of 34, with a text of 32.
char* write_own_ids(char* to, const SpanRecord& record) {
  if (record.own_correlation)
    to = write_id_attribute(to, "\x4a\x38\x0a\x12mmf.correlation_id\x12\x22\x0a\x20", record.trace_id);
  if (!record.own_request) return to;
  return write_id_attribute(to, "\x4a\x34\x0a\x0emmf.request_id\x12\x22\x0a\x20",
                            {record.local_root.value, record.trace_id.low});
}

char* write_ids(char* to, const SpanRecord& record) {
  *to++ = kTraceId;
  *to++ = 16;
  to = write_big_endian(write_big_endian(to, record.trace_id.high), record.trace_id.low);
  *to++ = kSpanId;
  *to++ = 8;
  to = write_big_endian(to, record.span_id.value);
  if (!record.parent_span_id.valid()) return to;
  *to++ = kParentSpanId;
  *to++ = 8;
  return write_big_endian(to, record.parent_span_id.value);
}

// Trace flags of W3C, and whether the parent is known to be remote: SpanFlags in trace.proto.
std::uint32_t flags_of(const SpanRecord& record) {
  constexpr std::uint32_t kHasIsRemote = 0x100, kIsRemote = 0x200;
  return (record.sampled ? 1u : 0u) | (record.random ? 2u : 0u) | kHasIsRemote |
         (record.remote_parent ? kIsRemote : 0u);
}

constexpr std::size_t kLengthBytes = 2;  // of the whole: two bytes reach to 16,383

// From `to` on; `end` is far enough.
char* write_span(char* to, const char* end, const SpanRecord& record, std::int64_t epoch, std::string_view reason) {
  char* const start = to;
  *to++ = 2 << 3 | kBytesType;
  to += kLengthBytes;
  to = write_ids(to, record);
  to = write_field(to, kName, record.name());
  *to++ = kKind;
  *to++ = static_cast<char>(record.kind);
  *to++ = kStart;
  to = write_little_endian(to, static_cast<std::uint64_t>(record.start + epoch));
  *to++ = kEnd;
  to = write_little_endian(to, static_cast<std::uint64_t>(record.end + epoch));
  for (const std::string_view fields : {record.site_wire(), record.wire()}) to = put(to, fields);
  to = write_own_ids(to, record);
  if (!reason.empty()) to = write_text_attribute(to, end, kAttribute, "mmf.sampling_reason", reason);
  if (record.dropped > 0) {
    *to++ = kDroppedAttributes;
    to = write_varint(to, record.dropped);
  }
  if (record.status != SpanStatus::unset && !record.has_message) {
    const char code[] = {3 << 3, static_cast<char>(record.status)};
    to = write_field(to, kStatus, {code, 2});
  }
  to = write_varint(to, 16 << 3 | 5);
  to = write_little_endian(to, flags_of(record));
  const std::size_t content = static_cast<std::size_t>(to - start) - 1 - kLengthBytes;
  start[1] = static_cast<char>(content | 0x80);  // two bytes also where one would do
  start[2] = static_cast<char>(content >> 7);
  return to;
}

}  // namespace

void append_otlp(std::string& out, const SpanRecord& record, std::int64_t epoch, std::string_view reason) {
  // What is fixed in size has less than 160 bytes; both ids with their names, 112; a reason, 64.
  constexpr std::size_t kBound = 160 + 112 + 64;
  static_assert(kBound + SpanRecord::kBytes < 8192);
  const std::size_t begin = out.size(), most = kBound + record.name().size() + record.site_wire().size() + record.size;
  out.resize_and_overwrite(begin + most, [&](char* bytes, std::size_t size) {
    return static_cast<std::size_t>(write_span(bytes + begin, bytes + size, record, epoch, reason) - bytes);
  });
}

}  // namespace marty::telemetry
