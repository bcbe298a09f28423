#include "marty/web/results.hpp"

namespace marty::web {

void EventWriter::write_lines(std::string_view field, std::string_view text) {
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    buffer_.append(field).append(": ").append(text.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) return;
    const bool pair = text.substr(end).starts_with("\r\n");
    text.remove_prefix(end + (pair ? 2 : 1));
  }
}

void EventWriter::send(const Event& event) {
  buffer_.clear();
  // One line each: a line break would end the field and let its rest be read as another.
  if (!event.type.empty()) write_lines("event", event.type.substr(0, event.type.find_first_of("\r\n")));
  if (!event.id.empty()) write_lines("id", event.id.substr(0, event.id.find_first_of("\r\n")));
  write_lines("data", event.data);
  buffer_.push_back('\n');
  writer_.write(buffer_);
  writer_.flush();
}

void EventWriter::comment(std::string_view text) {
  buffer_.clear();
  write_lines("", text);
  buffer_.push_back('\n');
  writer_.write(buffer_);
  writer_.flush();
}

}  // namespace marty::web
