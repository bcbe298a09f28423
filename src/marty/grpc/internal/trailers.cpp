#include "marty/grpc/internal/trailers.hpp"

#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/grpc/internal/frame.hpp"

namespace marty::grpc::internal {

std::string web_trailers(std::string_view lines) {
  std::string text;
  bool in_name = true;
  for (const char c : lines) {
    if (c == ':') in_name = false;
    if (c == '\n') in_name = true;
    text += in_name && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  std::string frame;
  append_frame(frame, kWebTrailers, text);
  return frame;
}

std::string decode_web_text(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const std::size_t padding = text.find('=');
    const std::size_t end = padding == std::string_view::npos ? text.size() : text.find_first_not_of('=', padding);
    const auto segment = base64_decode(text.substr(0, end));
    if (!segment) throw Error(Code::invalid_argument, "the body is not Base64");
    bytes += *segment;
    text.remove_prefix(std::min(end, text.size()));
  }
  return bytes;
}

}  // namespace marty::grpc::internal
