// Writer: from an object of a reflected type to text.
#pragma once

#include "marty/json/internal/buffer.hpp"
#include "marty/json/json.hpp"

namespace marty::json {
class Value;
}

namespace marty::json::internal {

class Writer {
 public:
  Writer(Buffer& buffer, View view) : buffer_(buffer), view_(view) {}

  void write(const reflect::Type& type, const void* object);
  void write_string(std::string_view text);
  void write_any(const Value& value);

 private:
  using Type = reflect::Type;

  void write_integer(const Type& type, const void* object);
  void write_number(const Type& type, const void* object);
  void write_double(double value);
  void write_text(const Type& type, const void* object);
  void write_object(const Type& type, const void* object);
  void write_sequence(const Type& type, const void* object);
  void write_map(const Type& type, const void* object);
  void write_string_slowly(std::string_view text);

  Buffer& buffer_;
  View view_;
};

}  // namespace marty::json::internal
