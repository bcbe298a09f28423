#include "marty/otlp/internal/log_buffer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/otlp/internal/envelope.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/internal/protobuf_wire.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::otlp::internal {

using namespace telemetry::internal;
using telemetry::Context;
using telemetry::Level;
using telemetry::LogField;

namespace {

constexpr std::uint32_t kAttributes = 6;
constexpr std::size_t kMaxKeptBuffer = 64 * 1024;

// SeverityNumber and severity_text.
struct Severity {
  std::uint64_t number;
  std::string_view text;
};
constexpr std::array<Severity, 5> kSeverities = {
    {{1, "TRACE"}, {5, "DEBUG"}, {9, "INFO"}, {13, "WARN"}, {17, "ERROR"}}};

void append_attribute(std::string& out, std::string_view name, std::string_view text) {
  append_key_value(out, kAttributes, name, text.substr(0, kMaxLogTextBytes));
}

void append_present(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_attribute(out, name, text);
}

void append_ids(std::string& out, const Context& context) {
  append_present(out, "correlation_id", context.correlation_id);
  append_present(out, "request_id", context.request_id);
  append_present(out, "user_id", context.user_id);
  append_present(out, "session_id", context.session_id);
  append_present(out, "operation", context.operation);
  append_present(out, "plugin_id", context.plugin_id);
  if (const std::uint64_t generation = context.generation.number(); generation != 0)
    append_key_value(out, kAttributes, "config_generation", generation);
  if (!context.trace_id.valid()) return;
  append_fixed32_field(out, 8, context.sampled ? 1 : 0);
  append_message_field(out, 9, [&] {
    append_big_endian(out, context.trace_id.high);
    append_big_endian(out, context.trace_id.low);
  });
  append_message_field(out, 10, [&] { append_big_endian(out, context.span_id.value); });
}

void append_exception(std::string& out, const std::exception_ptr& exception) {
  append_attribute(out, "exception.type", exception_type(exception));
  append_attribute(out, "exception.message", describe(exception));
  append_present(out, "exception.stacktrace", exception_stack(exception));
}

void append_own_field(std::string& out, const LogField& field, const telemetry::Redaction& redaction) {
  const std::string own_name = is_standard_log_name(field.name()) ? std::string(field.name()) + '_' : std::string();
  const std::string_view name = own_name.empty() ? field.name() : std::string_view(own_name);
  if (redaction.is_sensitive(field.name())) return append_attribute(out, name, telemetry::kRedacted);
  field.visit([&](auto value) {
    if constexpr (std::is_same_v<decltype(value), std::string_view>)
      append_attribute(out, name, value);
    else
      append_key_value(out, kAttributes, name, value);
  });
}

}  // namespace

void append_log_record(std::string& out, const LogRecord& record, const Context& context, Timestamp time,
                       const telemetry::Redaction& redaction) {
  const Severity& severity = kSeverities[std::min(static_cast<std::size_t>(record.level), kSeverities.size() - 1)];
  const std::uint64_t time_ns = nanoseconds(time);
  append_message_field(out, kItems, [&] {
    append_fixed64_field(out, 1, time_ns);
    append_fixed64_field(out, 11, time_ns);  // observed
    append_varint_field(out, 2, severity.number);
    append_string_field(out, 3, severity.text);
    append_message_field(out, 5, [&] { append_any_value(out, record.message.substr(0, kMaxLogTextBytes)); });
    append_attribute(out, "logger", record.logger);
    append_attribute(out, "code.file.path", record.file);
    append_key_value(out, kAttributes, "code.line.number", record.line);
    append_ids(out, context);
    if (record.suppressed != 0) append_key_value(out, kAttributes, "suppressed", record.suppressed);
    if (record.exception) append_exception(out, record.exception);
    for (const LogField& field : record.fields) append_own_field(out, field, redaction);
  });
}

LogBuffer::LogBuffer(std::size_t max_bytes, std::function<void()> wake)
    : max_bytes_(max_bytes), wake_(std::move(wake)) {}

void LogBuffer::take(const LogRecord& record, const Context& context, Timestamp time,
                     const telemetry::Redaction& redaction) noexcept {
  // Taken for the duration of the record: what a field's text logs itself makes a record of its own.
  thread_local std::string kept;
  std::string bytes = std::move(kept);
  bytes.clear();
  try {
    append_log_record(bytes, record, context, time, redaction);
    if (append(bytes)) wake_();
  } catch (...) {  // no memory for it
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  if (bytes.capacity() <= kMaxKeptBuffer) kept = std::move(bytes);
}

// True: half of the room has just become taken.
bool LogBuffer::append(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t before = waiting_.size();
  if (before + bytes.size() > max_bytes_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  sizes_.push_back(static_cast<std::uint32_t>(bytes.size()));
  try {
    waiting_ += bytes;
  } catch (...) {
    sizes_.pop_back();
    throw;
  }
  return before <= max_bytes_ / 2 && waiting_.size() > max_bytes_ / 2;
}

std::size_t LogBuffer::collect(std::string& out, std::size_t max_bytes) {
  std::size_t count = 0;
  while (out.size() < max_bytes && (next_ < taken_sizes_.size() || take_over())) {
    out.append(taken_, at_, taken_sizes_[next_]);
    at_ += taken_sizes_[next_++];
    ++count;
  }
  return count;
}

// Both buffers keep what they have grown to.
bool LogBuffer::take_over() {
  taken_.clear();
  taken_sizes_.clear();
  at_ = next_ = 0;
  const std::lock_guard lock(mutex_);
  taken_.swap(waiting_);
  taken_sizes_.swap(sizes_);
  return !taken_sizes_.empty();
}

}  // namespace marty::otlp::internal
