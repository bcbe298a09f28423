// Reader: from text into an object of a reflected type. Every read_ function gives false when reading has to stop (a
// syntax error, or enough problems), and true after a wrong value, which is reported and skipped.
#pragma once

#include <string_view>

#include "marty/json/internal/lexer.hpp"
#include "marty/json/json.hpp"

namespace marty::json {
class Value;
}

namespace marty::json::internal {

class Reader {
 public:
  Reader(std::string_view text, const Limits& limits, View view, Problems& problems)
      : lexer_(text, limits.max_depth), items_left_(limits.max_items), view_(view), problems_(problems) {}

  // The whole text. Reports everything, syntax errors included. False where it was not read to its end.
  bool read_document(const reflect::Type& type, void* object);

 private:
  using Type = reflect::Type;
  using Path = reflect::Path;

  bool read(const Type& type, void* object, const Path& path);
  bool read_boolean(const Type& type, void* object, const Path& path);
  bool read_number(const Type& type, void* object, const Path& path);
  bool read_text(const Type& type, void* object, const Path& path);
  bool read_sequence(const Type& type, void* object, const Path& path);
  bool read_element(const Type& type, void* object, std::size_t index, const Path& path);
  bool read_map(const Type& type, void* object, const Path& path);
  bool read_map_entry(const Type& type, void* object, const Path& path);
  bool read_optional(const Type& type, void* object, const Path& path);
  bool read_variant(const Type& type, void* object, const Path& path);
  bool read_any(Value& value, const Path& path);
  bool read_any_array(Value& value, const Path& path);
  bool read_any_object(Value& value, const Path& path);
  bool read_any_number(Value& value, const Path& path);

  struct Progress;
  bool read_object(const Type& type, void* object, const Path& path);
  bool read_member(const reflect::Object& shape, void* object, const Path& path, Progress& progress);
  bool read_field(const reflect::Field& field, void* object, const Path& path);
  bool read_tag(const reflect::Object& shape, const Path& path);
  bool refuse_unknown(const reflect::Object& shape, std::string_view name, const Path& path);
  void report_missing(const reflect::Object& shape, const Progress& progress, const Path& path);

  bool read_scalar_alternative(const Type& type, void* object, const Path& path);
  bool read_tagged_alternative(const Type& type, void* object, const Path& path);
  bool find_tag(std::string_view tag_name, std::string& tag);

  // Reports, then skips the value at hand.
  bool refuse(const Path& path, std::string problem);
  bool refuse_type(const Type& type, const Path& path);
  // Reports something about a value that was consumed.
  bool report(const Path& path, std::string problem);
  bool count_item(const Path& path);

  Lexer lexer_;
  std::size_t items_left_;
  View view_;
  Problems& problems_;
};

}  // namespace marty::json::internal
