// Reads text values into described objects: what query parameters, path segments, headers, cookies and form fields have
// in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/reflect/problems.hpp"
#include "marty/reflect/type.hpp"

namespace marty::web::internal {

// Whether text can be read into it: a scalar, an optional scalar, or a sequence of scalars.
bool readable_from_text(const reflect::Type& type);

// Reads one value; a sequence gets one more element. Gives "" or what is wrong.
std::string read_text(const reflect::Type& type, std::string_view text, void* object);

// How many fields such an object may have.
inline constexpr std::size_t kMaxTextFields = 64;

// Fills the fields of an object by name, and names every problem as "query.limit".
class FieldReader {
 public:
  // `place` is "query"; everything outlives the reader. REQUIRES an object of at most kMaxTextFields fields.
  FieldReader(const reflect::Type& type, void* object, std::string_view place, Problems& problems);

  // False where the object has no such field.
  bool take(std::string_view name, std::string_view value, bool valid = true);
  // What is missing, and the rules. Call last.
  void finish();

 private:
  void add(std::string_view field, std::string message);

  enum class State : std::uint8_t { missing, read, failed };

  const reflect::Object& object_type_;
  void* object_;
  std::string_view place_;
  Problems& problems_;
  bool failed_ = false;
  std::array<State, kMaxTextFields> states_{};
};

}  // namespace marty::web::internal
