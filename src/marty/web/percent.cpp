#include "marty/web/percent.hpp"

#include <algorithm>

#include "marty/base/encoding.hpp"

namespace marty::web {

std::optional<std::string_view> percent_decode(std::string_view text, std::string& buffer, Plus plus) {
  std::size_t at = text.find('%');
  if (plus == Plus::space) at = std::min(at, text.find('+'));
  if (at == std::string_view::npos) return text;
  buffer.assign(text, 0, at);
  for (; at < text.size(); ++at) {
    if (text[at] == '+' && plus == Plus::space) {
      buffer += ' ';
    } else if (text[at] != '%') {
      buffer += text[at];
    } else {
      if (text.size() - at < 3) return std::nullopt;
      const int high = hex_digit(text[at + 1]);
      const int low = hex_digit(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      buffer += char(high * 16 + low);
      at += 2;
    }
  }
  return buffer;
}

}  // namespace marty::web
