// Logs: one JSON object a line, with the ids of the work it belongs to.
//
//   log::info("pet added", {{"pet_id", id}, {"price", price}});
//   const Logger logger("petstore.orders");
//   logger.warning("stock is low", {{"left", left}});
//   catch (...) { logger.error("cannot ship", std::current_exception(), {{"order_id", id}}); }
//
// Every line has timestamp (RFC 3339, UTC, microseconds), level, service, version, environment, logger, message, file,
// line and thread; trace_id, span_id, correlation_id, request_id, user_id, session_id, operation, plugin_id,
// config_generation (of the configuration that the work sees), suppressed and exception{type,message,stack} stand there
// when there are any (stack: Error::stack()); then come the call's own fields. An own field with one of these names
// gets a '_' behind it; the value of one whose name is_sensitive() (redaction.hpp) is "[redacted]". Texts are cut at 16
// KiB.
//
// Of warnings and errors at most `max_repeats` a second are written from each place in the source; the next one that is
// tells in `suppressed` how many were not.
//
// A line whose level is off costs a look at the current context's Logging: nothing is formatted. Lines of work without
// a Logging go to stderr from `info` on. Never throws for what is logged.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <deque>
#include <exception>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "marty/base/text.hpp"
#include "marty/telemetry/log_levels.hpp"
#include "marty/telemetry/log_sink.hpp"

namespace marty::telemetry {

class LogExporter;
class Metrics;

// One field of a line. Holds references only: make it in the call.
class LogField {
 public:
  LogField(std::string_view name, bool value) : name_(name), kind_(Kind::boolean) { unsigned_ = value; }
  template <std::integral T>
  LogField(std::string_view name, T value)
      : name_(name), kind_(std::signed_integral<T> ? Kind::integer : Kind::natural) {
    unsigned_ = static_cast<std::uint64_t>(value);
  }
  LogField(std::string_view name, double value) : name_(name), kind_(Kind::number) { number_ = value; }
  LogField(std::string_view name, std::string_view value) : name_(name), kind_(Kind::text) {
    text_ = {value.data(), value.size()};
  }
  LogField(std::string_view name, const std::string& value) : LogField(name, std::string_view(value)) {}
  LogField(std::string_view name, const char* value) : LogField(name, std::string_view(value)) {}
  template <HasText T>  // a Uuid, a Timestamp, your own
  LogField(std::string_view name, const T& value) : name_(name), kind_(Kind::object) {
    object_ = {&value,
               [](std::string& out, const void* object) { Text<T>::append(out, *static_cast<const T*>(object)); }};
  }

  std::string_view name() const noexcept { return name_; }
  void append_value(std::string& out) const;  // as JSON
  std::string object_text() const;            // of an object: what it looks like
  // The value as a bool, std::int64_t, double or std::string_view; returns what `take` does.
  template <class Take>
  auto visit(Take&& take) const {
    switch (kind_) {
      case Kind::boolean:
        return take(unsigned_ != 0);
      case Kind::integer:
      case Kind::natural:
        return take(static_cast<std::int64_t>(unsigned_));
      case Kind::number:
        return take(number_);
      case Kind::text:
        return take(std::string_view(text_.data, text_.size));
      case Kind::object:
        break;
    }
    return take(std::string_view(object_text()));
  }

 private:
  enum class Kind : std::uint8_t { boolean, integer, natural, number, text, object };
  struct TextView {
    const char* data;
    std::size_t size;
  };
  struct Object {
    const void* value;
    void (*append)(std::string& out, const void* value);
  };

  std::string_view name_;
  Kind kind_;
  union {
    std::uint64_t unsigned_;
    double number_;
    TextView text_;
    Object object_;
  };
};

using LogFields = std::initializer_list<LogField>;

struct LoggingOptions {
  Level level = Level::info;
  std::string service;
  std::string version;
  std::string environment;
  std::uint32_t max_repeats = 100;  // 0: no limit
  std::vector<std::string> redact;  // further names whose values are not shown
  Metrics* metrics = nullptr;       // for mmf_log_lines_total and mmf_log_lines_suppressed_total; must outlive it
};

namespace internal {
struct LogRecord;
struct LogState;
void write_log(const LogRecord& record) noexcept;
}  // namespace internal

// Who writes lines and from which level on. One per service, handed in; work finds it in its Context. Any thread may
// log.
class Logging {
 public:
  Logging(const LoggingOptions& options, LogSink& sink);  // the sink must outlive it
  ~Logging();                                             // flushes

  // Changes count from the next line on, in all threads.
  LogLevels levels() const { return *levels_.load(std::memory_order_acquire); }
  void set_levels(const LogLevels& levels);
  void set_level(Level level);                           // of the loggers that have none of their own
  void set_level(std::string_view logger, Level level);  // and of those below it
  bool writes(Level level, std::string_view logger) const noexcept {
    if (level < least_.load(std::memory_order_relaxed)) return false;
    const LogLevels& levels = *levels_.load(std::memory_order_acquire);
    return level >= (levels.loggers.empty() ? levels.level : levels.of(logger));
  }

  LogSink& sink() const noexcept { return sink_; }
  bool redacts(std::string_view name) const noexcept;               // values under that name are not shown
  std::string_view identity() const noexcept { return identity_; }  // the members that are the same in every line
  // Writes what was held back of repeats, and returns when all lines are out.
  void flush() noexcept;

  // Who gets every line besides the sink; null, the default: nobody. It must outlive the last line.
  LogExporter* exporter() const noexcept { return exporter_.load(std::memory_order_acquire); }
  void set_exporter(LogExporter* exporter) noexcept { exporter_.store(exporter, std::memory_order_release); }

 private:
  friend void internal::write_log(const internal::LogRecord& record) noexcept;
  void use_levels(LogLevels levels);  // with mutex_ held

  std::atomic<Level> least_;
  std::atomic<const LogLevels*> levels_;
  std::mutex mutex_;
  std::deque<LogLevels> known_levels_;  // guarded by mutex_; stay, as a thread may be looking at any; each there once
  std::string identity_;
  LogSink& sink_;
  std::atomic<LogExporter*> exporter_ = nullptr;
  const std::unique_ptr<internal::LogState> state_;
};

namespace internal {

// One line in the making.
struct LogRecord {
  Level level;
  std::string_view logger;
  std::string_view message;
  std::span<const LogField> fields;
  std::exception_ptr exception;
  const char* file;
  std::uint32_t line;
  std::uint64_t suppressed = 0;  // lines of this place that were held back before
};

constexpr std::size_t kMaxLogTextBytes = 16 * 1024;

// What a line says of an exception beside its message.
std::string exception_type(const std::exception_ptr& exception);
std::string exception_stack(const std::exception_ptr& exception);  // "" where there is none

// Whether a member of every line has this name: an own field with it gets a '_' behind it.
bool is_standard_log_name(std::string_view name) noexcept;

bool log_enabled(Level level, std::string_view logger) noexcept;

inline void log(Level level, std::string_view logger, std::string_view message, LogFields fields,
                const std::exception_ptr& exception, const std::source_location& where) {
  if (!log_enabled(level, logger)) return;
  write_log({level, logger, message, {fields.begin(), fields.size()}, exception, where.file_name(), where.line()});
}

}  // namespace internal

// A named source of lines, usually one constant per file. The name must outlive it.
class Logger {
 public:
  using Where = std::source_location;
  explicit constexpr Logger(std::string_view name) : name_(name) {}

  void trace(std::string_view message, LogFields fields = {}, Where where = Where::current()) const {
    internal::log(Level::trace, name_, message, fields, {}, where);
  }
  void debug(std::string_view message, LogFields fields = {}, Where where = Where::current()) const {
    internal::log(Level::debug, name_, message, fields, {}, where);
  }
  void info(std::string_view message, LogFields fields = {}, Where where = Where::current()) const {
    internal::log(Level::info, name_, message, fields, {}, where);
  }
  void warning(std::string_view message, LogFields fields = {}, Where where = Where::current()) const {
    internal::log(Level::warning, name_, message, fields, {}, where);
  }
  void warning(std::string_view message, const std::exception_ptr& exception, LogFields fields = {},
               Where where = Where::current()) const {
    internal::log(Level::warning, name_, message, fields, exception, where);
  }
  void error(std::string_view message, LogFields fields = {}, Where where = Where::current()) const {
    internal::log(Level::error, name_, message, fields, {}, where);
  }
  void error(std::string_view message, const std::exception_ptr& exception, LogFields fields = {},
             Where where = Where::current()) const {
    internal::log(Level::error, name_, message, fields, exception, where);
  }
  bool enabled(Level level) const noexcept { return internal::log_enabled(level, name_); }

 private:
  std::string_view name_;
};

// The functions of the logger "root".
namespace log {

using Where = std::source_location;
inline constexpr Logger kRoot("root");

inline void trace(std::string_view message, LogFields fields = {}, Where where = Where::current()) {
  kRoot.trace(message, fields, where);
}
inline void debug(std::string_view message, LogFields fields = {}, Where where = Where::current()) {
  kRoot.debug(message, fields, where);
}
inline void info(std::string_view message, LogFields fields = {}, Where where = Where::current()) {
  kRoot.info(message, fields, where);
}
inline void warning(std::string_view message, LogFields fields = {}, Where where = Where::current()) {
  kRoot.warning(message, fields, where);
}
inline void warning(std::string_view message, const std::exception_ptr& exception, LogFields fields = {},
                    Where where = Where::current()) {
  kRoot.warning(message, exception, fields, where);
}
inline void error(std::string_view message, LogFields fields = {}, Where where = Where::current()) {
  kRoot.error(message, fields, where);
}
inline void error(std::string_view message, const std::exception_ptr& exception, LogFields fields = {},
                  Where where = Where::current()) {
  kRoot.error(message, exception, fields, where);
}

}  // namespace log
}  // namespace marty::telemetry

namespace marty {
namespace log = telemetry::log;
using telemetry::Logger;
}  // namespace marty
