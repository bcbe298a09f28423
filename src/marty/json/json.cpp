#include "marty/json/json.hpp"

#include "marty/base/error.hpp"
#include "marty/json/internal/reader.hpp"
#include "marty/json/internal/writer.hpp"

namespace marty::json {

bool parse_into(const reflect::Type& type, void* object, std::string_view text, const Limits& limits, View view,
                Problems& problems) {
  const std::size_t problems_before = problems.size();
  if (text.size() > limits.max_bytes) {
    problems.add("", "is larger than " + std::to_string(limits.max_bytes) + " bytes");
    return false;
  }
  return internal::Reader(text, limits, view, problems).read_document(type, object) &&
         problems.size() == problems_before;
}

void parse_or_throw(const reflect::Type& type, void* object, std::string_view text, const Limits& limits, View view) {
  Problems problems(limits.max_errors);
  if (!parse_into(type, object, text, limits, view, problems)) throw Error::invalid(problems.take());
}

void write(std::string& out, const reflect::Type& type, const void* object, View view) {
  internal::Buffer buffer(out);
  internal::Writer(buffer, view).write(type, object);
  buffer.finish();
}

void write_string(std::string& out, std::string_view text) {
  internal::Buffer buffer(out);
  internal::Writer(buffer, View::full).write_string(text);
  buffer.finish();
}

}  // namespace marty::json
