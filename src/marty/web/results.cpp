#include "marty/web/results.hpp"

namespace marty::web {
namespace {

void append_lines(std::string& out, std::string_view field, std::string_view text) {
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    out.append(field).append(": ").append(text.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) return;
    const bool pair = text.substr(end).starts_with("\r\n");
    text.remove_prefix(end + (pair ? 2 : 1));
  }
}

// One line each: a line break would end the field and let its rest be read as another.
void append_line(std::string& out, std::string_view field, std::string_view text) {
  if (!text.empty()) append_lines(out, field, text.substr(0, text.find_first_of("\r\n")));
}

}  // namespace

void EventWriter::send(const Event& event) {
  std::string text = std::exchange(buffer_, {});
  append_line(text, "event", event.type);
  append_line(text, "id", event.id);
  append_lines(text, "data", event.data);
  write(std::move(text));
}

void EventWriter::comment(std::string_view comment) {
  std::string text = std::exchange(buffer_, {});
  append_lines(text, "", comment);
  write(std::move(text));
}

// While this fiber waits another one may send.
void EventWriter::write(std::string text) {
  text.push_back('\n');
  writer_.write(text);
  writer_.flush();
  text.clear();
  buffer_ = std::move(text);
}

}  // namespace marty::web
