#include "marty/grpc/internal/status_text.hpp"

#include "marty/base/encoding.hpp"
#include "marty/base/strings.hpp"

namespace marty::grpc::internal {
namespace {

bool is_plain(char c) noexcept { return c >= ' ' && c <= '~' && c != '%'; }

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
  return is_utf8(message) ? message : valid_utf8(message);
}

}  // namespace marty::grpc::internal
