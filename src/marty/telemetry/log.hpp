// Logs: one JSON object a line, with the ids of the work it belongs to.
//
//   log::info("pet added", {{"pet_id", id}, {"price", price}});
//   const Logger logger("petstore.orders");
//   logger.warning("stock is low", {{"left", left}});
//   catch (...) { logger.error("cannot ship", std::current_exception(), {{"order_id", id}}); }
//
// Every line has timestamp (RFC 3339, UTC, microseconds), level, service, version, environment, logger, message, file,
// line and thread; trace_id, span_id, correlation_id, request_id, user_id, session_id, operation, plugin_id,
// config_generation (of the configuration that the work sees) and exception{type,message,stack} stand there when there
// are any (stack: Error::stack()); then come the call's own fields. An own field with one of these names gets a '_'
// behind it. Texts are cut at 16 KiB.
//
// A line whose level is off costs a look at the current context's Logging: nothing is formatted. Lines of work without
// a Logging go to stderr from `info` on. Never throws for what is logged.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "marty/base/text.hpp"
#include "marty/telemetry/log_sink.hpp"

namespace marty::telemetry {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };
std::string_view level_name(Level level) noexcept;

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
};

// Who writes lines and from which level on. One per service, handed in; work finds it in its Context. Any thread may
// log.
class Logging {
 public:
  Logging(const LoggingOptions& options, LogSink& sink);  // the sink must outlive it

  Level level() const noexcept { return level_.load(std::memory_order_relaxed); }
  void set_level(Level level) noexcept { level_.store(level, std::memory_order_relaxed); }
  LogSink& sink() const noexcept { return sink_; }
  std::string_view identity() const noexcept { return identity_; }  // the members that are the same in every line

 private:
  std::atomic<Level> level_;
  std::string identity_;
  LogSink& sink_;
};

namespace internal {

// One line in the making.
struct LogRecord {
  Level level;
  std::string_view logger;
  std::string_view message;
  std::span<const LogField> fields;
  std::exception_ptr exception;
  std::source_location where;
};

bool log_enabled(Level level) noexcept;
void write_log(const LogRecord& record) noexcept;

inline void log(Level level, std::string_view logger, std::string_view message, LogFields fields,
                const std::exception_ptr& exception, const std::source_location& where) {
  if (log_enabled(level)) write_log({level, logger, message, {fields.begin(), fields.size()}, exception, where});
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
  bool enabled(Level level) const noexcept { return internal::log_enabled(level); }

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
