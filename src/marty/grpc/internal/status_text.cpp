#include "marty/grpc/internal/status_text.hpp"

#include "marty/base/encoding.hpp"
#include "marty/base/strings.hpp"

namespace marty::grpc::internal {
namespace {

bool is_plain(char c) noexcept { return c >= ' ' && c <= '~' && c != '%'; }

// Bytes that are no UTF-8 become U+FFFD, one each.
std::string repaired(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    result += size != 0 ? text.substr(0, size) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(size != 0 ? size : 1);
  }
  return result;
}

}  // namespace

void append_status_text(std::string& out, std::string_view message) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const std::size_t first = message.find_first_not_of(' ');
  const std::size_t last = message.find_last_not_of(' ');
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    const bool inside = i >= first && i <= last && last != std::string_view::npos;  // RFC 9113 section 8.2.1
    if (is_plain(c) && inside) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

std::string parse_status_text(std::string_view text) {
  std::string message;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      message += text[i];
    } else {
      message += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return is_utf8(message) ? message : repaired(message);
}

}  // namespace marty::grpc::internal
