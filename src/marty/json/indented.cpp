#include "marty/json/indented.hpp"

#include <utility>

namespace marty::json {
namespace {

void append(const Value& value, std::string& out, const std::string& margin) {
  if ((!value.is_object() && !value.is_array()) || value.size() == 0) {
    out += value.to_string();
    return;
  }
  const std::string inner = margin + "  ";
  bool first = true;
  const auto begin_line = [&] { out += std::exchange(first, false) ? "\n" + inner : ",\n" + inner; };
  if (value.is_object()) {
    out += '{';
    for (const auto& [name, member] : value.as_object()) {
      begin_line();
      write_string(out, name);
      out += ": ";
      append(member, out, inner);
    }
    out += "\n" + margin + "}";
  } else {
    out += '[';
    for (const Value& element : value.as_array()) {
      begin_line();
      append(element, out, inner);
    }
    out += "\n" + margin + "]";
  }
}

}  // namespace

std::string indented(const Value& value) {
  std::string out;
  append(value, out, "");
  return out + "\n";
}

}  // namespace marty::json
