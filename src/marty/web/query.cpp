#include "marty/web/query.hpp"

#include "marty/base/strings.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/percent.hpp"

namespace marty::web {

std::optional<Pair> PairReader::next() {
  if (syntax_ == Syntax::cookie) return next_cookie();
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('&');
    const std::string_view text = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (text.empty()) continue;
    const std::size_t equals = text.find('=');
    const std::string_view raw_value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    const auto name = percent_decode(text.substr(0, equals), name_, Plus::space);
    const auto value = percent_decode(raw_value, value_, Plus::space);
    return Pair{name.value_or(text.substr(0, equals)), value.value_or(raw_value),
                name && value && is_utf8(*name) && is_utf8(*value)};
  }
  return std::nullopt;
}

std::optional<Pair> PairReader::next_cookie() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find(';');
    std::string_view text = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    text = take_element(text, '\n');  // only trims: a header's value has no line break
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    std::string_view value = text.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    return Pair{text.substr(0, equals), value, is_utf8(value)};
  }
  return std::nullopt;
}

}  // namespace marty::web
