#include "marty/http/internal/reply_stream.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kGatheredBytes = 16 * 1024;  // larger pieces are not copied

}  // namespace

void ReplyStream::write(std::string_view bytes) {
  if (bytes.empty() || framing_ == Framing::none) return;
  pump_.make_way();
  length_.take(bytes.size());
  const bool chunked = framing_ == Framing::chunked;
  if (chunked) {
    wire_.out.append_hexadecimal(bytes.size());
    wire_.out.append("\r\n");
  }
  const std::string_view end = chunked ? "\r\n" : "";
  if (bytes.size() >= kGatheredBytes) return pump_.flush_with(bytes, end);
  wire_.out.append(bytes);
  wire_.out.append(end);
  if (wire_.out.size() >= kGatheredBytes) {
    pump_.flush();
  } else if (flush_ == Flush::when_waiting) {
    pump_.flush_soon();
  }
}

void ReplyStream::finish(std::string_view trailers) {
  length_.finish();
  pump_.make_way();
  if (framing_ != Framing::chunked) return;
  wire_.out.append("0\r\n");
  wire_.out.append(trailers);
  wire_.out.append("\r\n");
}

}  // namespace marty::http::internal
