#include "marty/telemetry/log.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <typeinfo>

#include "marty/base/error.hpp"
#include "marty/base/stack.hpp"
#include "marty/json/json.hpp"
#include "marty/runtime/time.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/internal/line_observer.hpp"
#include "marty/telemetry/internal/log_names.hpp"
#include "marty/telemetry/internal/repeats.hpp"
#include "marty/telemetry/log_exporter.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::telemetry {
namespace {

constexpr std::size_t kMaxKeptBuffer = 64 * 1024;

void append_text(std::string& out, std::string_view text) {
  json::write_string(out, text.substr(0, internal::kMaxLogTextBytes));
}

// ,"name":"text" for names that need no escapes.
void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_text(out, text);
}

void append_present(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_member(out, name, text);
}

template <class Number>
void append_number(std::string& out, Number value) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void write_two(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

// 2026-01-31T09:05:00.000125Z
void append_timestamp(std::string& out, Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - day).count();
  char text[] = "0000-00-00T00:00:00.000000Z";
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  write_two(text, year / 100 % 100);
  write_two(text + 2, year % 100);
  write_two(text + 5, static_cast<unsigned>(date.month()));
  write_two(text + 8, static_cast<unsigned>(date.day()));
  const auto seconds = static_cast<unsigned>(micros / 1'000'000);
  write_two(text + 11, seconds / 3600);
  write_two(text + 14, seconds / 60 % 60);
  write_two(text + 17, seconds % 60);
  const auto fraction = static_cast<unsigned>(micros % 1'000'000);
  write_two(text + 20, fraction / 10'000);
  write_two(text + 22, fraction / 100 % 100);
  write_two(text + 24, fraction % 100);
  out.append(text, sizeof text - 1);
}

void append_thread(std::string& out) {
  out += ",\"thread\":";
  if (const runtime::Loop* loop = runtime::Loop::current_or_null()) {
    out += "\"loop-";
    append_number(out, loop->index());
    out += '"';
    return;
  }
  char name[16] = {};
  ::prctl(PR_GET_NAME, name);
  append_text(out, name);
}

void append_ids(std::string& out, const Context& context) {
  if (context.trace_id.valid()) {
    char trace[32], span[16];
    write_hex(context.trace_id, trace);
    write_hex(context.span_id.value, span);
    append_member(out, "trace_id", {trace, sizeof trace});
    append_member(out, "span_id", {span, sizeof span});
  }
  append_present(out, "correlation_id", context.correlation_id);
  append_present(out, "request_id", context.request_id);
  append_present(out, "user_id", context.user_id);
  append_present(out, "session_id", context.session_id);
  append_present(out, "operation", context.operation);
  append_present(out, "plugin_id", context.plugin_id);
  if (const std::uint64_t generation = context.generation.number(); generation != 0) {
    out += ",\"config_generation\":";
    append_number(out, generation);
  }
}

void append_exception(std::string& out, const std::exception_ptr& exception) {
  out += ",\"exception\":{\"type\":";
  append_text(out, internal::exception_type(exception));
  append_member(out, "message", describe(exception));
  append_present(out, "stack", internal::exception_stack(exception));
  out += '}';
}

void append_own_fields(std::string& out, std::span<const LogField> fields, const Redaction& redaction) {
  for (const LogField& field : fields) {
    out += ',';
    json::write_string(out, field.name());
    if (internal::is_standard_log_name(field.name())) out.insert(out.size() - 1, 1, '_');
    out += ':';
    redaction.is_sensitive(field.name()) ? append_text(out, kRedacted) : field.append_value(out);
  }
}

std::string_view file_name(const char* path) {
  const std::string_view text(path);
  return text.substr(text.rfind('/') + 1);
}

void append_line(std::string& out, const internal::LogRecord& record, std::string_view identity, const Context& context,
                 const Redaction& redaction, Timestamp time) {
  out += "{\"timestamp\":\"";
  append_timestamp(out, time);
  out += "\",\"level\":\"";
  out += level_name(record.level);
  out += '"';
  out += identity;
  append_member(out, "logger", record.logger);
  append_member(out, "message", record.message);
  append_member(out, "file", file_name(record.file));
  out += ",\"line\":";
  append_number(out, record.line);
  append_thread(out);
  append_ids(out, context);
  if (record.suppressed != 0) {
    out += ",\"suppressed\":";
    append_number(out, record.suppressed);
  }
  if (record.exception) append_exception(out, record.exception);
  append_own_fields(out, record.fields, redaction);
  out += "}\n";
}

// Kept, and taken for the duration of the line: what a field's text or a sink logs itself makes a line of its own.
// False: there is no memory for it.
template <class Write>
bool write_line(const internal::LogRecord& record, std::string_view identity, const Redaction& redaction,
                Timestamp time, Write&& write) noexcept {
  thread_local std::string kept;
  std::string line = std::move(kept);
  line.clear();
  try {
    append_line(line, record, identity, current(), redaction, time);
  } catch (...) {
    return false;
  }
  if (const internal::LineObserver observe = internal::line_observer.load(std::memory_order_relaxed)) observe(line);
  write(std::string_view(line));
  if (line.capacity() <= kMaxKeptBuffer) kept = std::move(line);
  return true;
}

}  // namespace

void LogField::append_value(std::string& out) const {
  switch (kind_) {
    case Kind::boolean:
      out += unsigned_ != 0 ? "true" : "false";
      break;
    case Kind::integer:
      append_number(out, static_cast<std::int64_t>(unsigned_));
      break;
    case Kind::natural:
      append_number(out, unsigned_);
      break;
    case Kind::number:
      std::isfinite(number_) ? append_number(out, number_)
                             : append_text(out, std::isnan(number_) ? "NaN"
                                                : number_ > 0       ? "Infinity"
                                                                    : "-Infinity");
      break;
    case Kind::text:
      append_text(out, {text_.data, text_.size});
      break;
    case Kind::object:
      append_text(out, object_text());
      break;
  }
}

std::string LogField::object_text() const {
  std::string text;
  try {
    object_.append(text, object_.value);
  } catch (const std::exception& error) {
    text = std::string("cannot be shown: ") + error.what();
  } catch (...) {
    text = "cannot be shown";
  }
  return text;
}

namespace internal {

struct LogState {
  explicit LogState(const LoggingOptions& options) : redaction(options.redact), max_repeats(options.max_repeats) {
    if (options.metrics == nullptr) return;
    for (std::size_t level = 0; level < lines.size(); ++level) {
      lines[level] = options.metrics->counter("mmf_log_lines_total", "Log lines written.",
                                              {{"level", std::string(level_name(static_cast<Level>(level)))}});
    }
    suppressed = options.metrics->counter("mmf_log_lines_suppressed_total",
                                          "Warnings and errors held back, as their place had logged too many.");
  }

  const Redaction redaction;
  const std::uint32_t max_repeats;
  Repeats repeats;
  std::array<Counter, static_cast<std::size_t>(Level::off)> lines;
  Counter suppressed;
};

}  // namespace internal

Logging::Logging(const LoggingOptions& options, LogSink& sink)
    : sink_(sink), state_(std::make_unique<internal::LogState>(options)) {
  use_levels({.level = options.level});
  append_present(identity_, "service", options.service);
  append_present(identity_, "version", options.version);
  append_present(identity_, "environment", options.environment);
}

Logging::~Logging() { flush(); }

bool Logging::redacts(std::string_view name) const noexcept { return state_->redaction.is_sensitive(name); }

void Logging::use_levels(LogLevels levels) {
  auto known = std::ranges::find(known_levels_, levels);
  if (known == known_levels_.end()) known = known_levels_.insert(known, std::move(levels));
  levels_.store(&*known, std::memory_order_release);
  least_.store(known->least(), std::memory_order_relaxed);
}

void Logging::set_levels(const LogLevels& levels) {
  const std::lock_guard lock(mutex_);
  use_levels(levels);
}

void Logging::set_level(Level level) {
  const std::lock_guard lock(mutex_);
  LogLevels changed = levels();
  changed.level = level;
  use_levels(std::move(changed));
}

void Logging::set_level(std::string_view logger, Level level) {
  const std::lock_guard lock(mutex_);
  LogLevels changed = levels();
  changed.loggers.insert_or_assign(std::string(logger), level);
  use_levels(std::move(changed));
}

void Logging::flush() noexcept {
  Context context;
  context.logging = this;
  const ContextScope scope(context);
  state_->repeats.take_held([](const char* file, std::uint32_t line, std::uint64_t held) {
    internal::write_log({.level = Level::warning,
                         .logger = "marty.telemetry",
                         .message = "lines of this place were held back",
                         .file = file,
                         .line = line,
                         .suppressed = held});
  });
  sink_.flush();
}

bool internal::is_standard_log_name(std::string_view name) noexcept {
  return std::ranges::find(kLogNames, name) != kLogNames.end();
}

std::string internal::exception_type(const std::exception_ptr& exception) {
  return demangle(exception.__cxa_exception_type()->name());
}

// The stack of the innermost Error that has one: where the trouble began.
std::string internal::exception_stack(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    std::string stack = error.cause() ? exception_stack(error.cause()) : std::string();
    return stack.empty() ? error.stack() : stack;
  } catch (...) {
    return {};
  }
}

bool internal::log_enabled(Level level, std::string_view logger) noexcept {
  const Logging* const logging = current().logging;
  return logging != nullptr ? logging->writes(level, logger) : level >= Level::info;
}

void internal::write_log(const LogRecord& record) noexcept {
  Logging* const logging = current().logging;
  const Timestamp time = runtime::wall_now();
  if (logging == nullptr) {
    static const Redaction redaction;
    write_line(record, {}, redaction, time, [](std::string_view line) { DescriptorSink(STDERR_FILENO).write(line); });
    return;
  }
  LogState& state = *logging->state_;
  LogRecord passed = record;
  if (record.level >= Level::warning && record.suppressed == 0 && state.max_repeats != 0) {
    const auto held = state.repeats.pass(record.file, record.line, runtime::now(), state.max_repeats);
    if (!held) return state.suppressed.add();
    passed.suppressed = *held;
  }
  const bool written = write_line(passed, logging->identity(), state.redaction, time,
                                  [logging](std::string_view line) { logging->sink().write(line); });
  written ? state.lines[static_cast<std::size_t>(record.level)].add() : logging->sink().count_dropped();
  if (LogExporter* const exporter = logging->exporter(); exporter != nullptr)
    exporter->take(passed, current(), time, state.redaction);
}

}  // namespace marty::telemetry
