// Binder: from Nodes into an object of a reflected type. Every wrong value is reported and leaves the field at its
// default.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/config/internal/merge.hpp"
#include "marty/config/internal/node.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::json {
class Value;
}

namespace marty::config::internal {

// One line of the report.
struct BindingProblem {
  Origin origin;  // empty: nothing was written
  std::string key;
  std::string message;
  bool unknown_key = false;  // to the struct; it may be a section of its own
};

// See above. Binds one section.
class Binder {
 public:
  // `settling` outlives it.
  Binder(std::vector<BindingProblem>& problems, std::vector<std::string>& warnings, const Settling& settling)
      : problems_(problems), warnings_(warnings), settling_(settling) {}

  // Reads `node` (null: nothing was written) into *object, and settles what is in it by its types. `key` is the dotted
  // path of the section.
  void bind(const reflect::Type& type, void* object, Node* node, const std::string& key);

 private:
  using Type = reflect::Type;

  bool read(const Type& type, void* object, Node& node, const std::string& key);
  bool read_value(const Type& type, void* object, Node& node, const std::string& key);
  bool read_scalar(const Type& type, void* object, const Node& node, const std::string& key);
  bool read_object(const Type& type, void* object, Node& node, const std::string& key);
  bool read_field(const reflect::Field& field, void* object, Node& node, const std::string& key);
  bool read_sequence(const Type& type, void* object, Node& node, const std::string& key);
  bool read_map(const Type& type, void* object, Node& node, const std::string& key);
  bool read_map_entry(const Type& type, void* object, Node& node, const std::string& name, const std::string& key);
  bool read_variant(const Type& type, void* object, Node& node, const std::string& key);
  json::Value to_value(Node& node, const std::string& key);
  json::Value to_member(Node& node, const std::string& key);

  void report_unknown(const reflect::Object& shape, std::string_view name, const Node& node, const std::string& key);
  bool report_missing(const reflect::Object& shape, const Node& node, const std::string& key);
  bool refuse(const Node& node, const std::string& key, const std::string& expected);
  void report(const Node& node, const std::string& key, std::string message);

  std::vector<BindingProblem>& problems_;
  std::vector<std::string>& warnings_;
  const Settling& settling_;
  const reflect::Rules* rules_ = nullptr;  // of the field being read: they sharpen what is expected
  bool confidential_ = false;              // what was found must not be shown
};

// Marks a value and all in it as asked for.
void mark_used(const Node& node);

// "database.pool_size"; below the root just the name.
std::string join(const std::string& key, std::string_view name);

}  // namespace marty::config::internal
