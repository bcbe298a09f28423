#include "marty/telemetry/propagation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace marty::telemetry {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }
bool is_key_start(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_key_char(char c) { return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@'; }

// token of RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next member off a comma-separated list.
std::string_view next_member(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view member = trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return member;
}

// trace-context-2 section 3.3.1.3: key "=" value, at most 256 bytes each.
bool is_tracestate_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  if (key.empty() || key.size() > 256 || value.empty() || value.size() > 256) return false;
  const bool value_fits = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7E && c != '='; });
  return is_key_start(key.front()) && std::ranges::all_of(key, is_key_char) && value_fits;
}

// baggage section 3.3.1: key OWS "=" OWS value *( OWS ";" OWS property ), the value of printable characters.
bool is_baggage_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = trim(member.substr(0, equals));
  return !key.empty() && std::ranges::all_of(key, is_token_char) && std::ranges::all_of(member, [](char c) {
    return (c >= 0x20 && c <= 0x7E && c != '"' && c != '\\') || c == '\t';
  });
}

std::size_t count_members(std::string_view list) {
  return list.empty() ? 0 : 1 + static_cast<std::size_t>(std::ranges::count(list, ','));
}

// Leaves out a member that does not fit: a part of one must not be sent on.
void append_member(std::string& list, std::string_view member, std::size_t max_bytes) {
  const std::size_t comma = list.empty() ? 0 : 1;
  if (list.size() + comma + member.size() > max_bytes) return;
  if (comma != 0) list += ',';
  list += member;
}

}  // namespace

std::optional<RemoteSpan> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < kTraceparentBytes || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const bool version_0 = text[0] == '0' && text[1] == '0';
  if (!version_0 && (!is_hex(text[0]) || !is_hex(text[1]) || text.starts_with("ff"))) return std::nullopt;
  if (text.size() > kTraceparentBytes && (version_0 || text[kTraceparentBytes] != '-')) return std::nullopt;
  if (!is_hex(text[53]) || !is_hex(text[54])) return std::nullopt;
  RemoteSpan span;
  if (!read_hex(text.data() + 3, span.trace_id.high) || !read_hex(text.data() + 19, span.trace_id.low) ||
      !read_hex(text.data() + 36, span.span_id.value) || !span.trace_id.valid() || !span.span_id.valid()) {
    return std::nullopt;
  }
  const int flags = hex_value(text[54]);
  span.sampled = (flags & 1) != 0;
  span.random = (flags & 2) != 0;
  return span;
}

void write_traceparent(const RemoteSpan& span, char* out) noexcept {
  out[0] = out[1] = '0';
  out[2] = out[35] = out[52] = '-';
  write_hex(span.trace_id, out + 3);
  write_hex(span.span_id.value, out + 36);
  out[53] = '0';
  out[54] = static_cast<char>('0' + (span.sampled ? 1 : 0) + (span.random ? 2 : 0));
}

std::optional<TraceId> parse_b3_trace_id(std::string_view text) noexcept {
  TraceId id;
  const bool read = text.size() == 16   ? read_hex(text.data(), id.low)
                    : text.size() == 32 ? read_hex(text.data(), id.high) && read_hex(text.data() + 16, id.low)
                                        : false;
  return read && id.valid() ? std::optional(id) : std::nullopt;
}

std::optional<SpanId> parse_b3_span_id(std::string_view text) noexcept {
  SpanId id;
  const bool read = text.size() == 16 && read_hex(text.data(), id.value);
  return read && id.valid() ? std::optional(id) : std::nullopt;
}

std::optional<RemoteSpan> parse_b3(std::string_view text) noexcept {
  const auto decision = [](std::string_view letter) { return letter == "0" || letter == "1" || letter == "d"; };
  if (decision(text)) return RemoteSpan{.trace_id = {}, .span_id = {}, .sampled = text != "0"};
  const std::size_t id_end = text.find('-');
  if (id_end == std::string_view::npos) return std::nullopt;
  const auto trace_id = parse_b3_trace_id(text.substr(0, id_end));
  const auto span_id = parse_b3_span_id(text.substr(id_end + 1, 16));
  if (!trace_id || !span_id) return std::nullopt;
  RemoteSpan span{*trace_id, *span_id, false, false};
  std::string_view rest = text.substr(id_end + 17);
  if (rest.empty()) return RemoteSpan{*trace_id, *span_id, true, false};  // deferred decision: ours is to sample
  if (rest.size() < 2 || rest[0] != '-' || !decision(rest.substr(1, 1))) return std::nullopt;
  span.sampled = rest[1] != '0';
  rest.remove_prefix(2);
  if (rest.empty()) return span;
  return rest[0] == '-' && parse_b3_span_id(rest.substr(1)) ? std::optional(span) : std::nullopt;
}

bool append_tracestate(std::string& state, std::string_view header) {
  std::size_t members = count_members(state);
  while (!header.empty()) {
    const std::string_view member = next_member(header);
    if (member.empty()) continue;
    if (!is_tracestate_member(member) || ++members > kMaxTracestateMembers) return false;
    append_member(state, member, kMaxTracestateBytes);
  }
  return true;
}

bool append_baggage(std::string& baggage, std::string_view header) {
  bool valid = true;
  while (!header.empty()) {
    const std::string_view member = next_member(header);
    const bool fits = is_baggage_member(member);
    if (fits) append_member(baggage, member, kMaxBaggageBytes);
    valid = valid && (fits || member.empty());
  }
  return valid;
}

}  // namespace marty::telemetry
