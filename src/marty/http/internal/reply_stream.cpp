#include "marty/http/internal/reply_stream.hpp"

#include <array>
#include <charconv>

#include "marty/base/error.hpp"

namespace marty::http::internal {
namespace {

using SizeLine = std::array<char, 20>;

std::string_view write_size(std::size_t size, SizeLine& line) {
  char* end = std::to_chars(line.data(), line.data() + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {line.data(), end};
}

}  // namespace

ReplyStream::ReplyStream(Wire& wire, const RequestBody* body, runtime::Fiber& handler, Flush flush, Framing framing)
    : wire_(wire), pump_(wire, body, handler), framing_(framing), flush_(flush) {
  if (flush_ == Flush::when_waiting) pump_.flush_soon();  // the head
}

void ReplyStream::write(std::string_view bytes) {
  if (bytes.empty() || framing_ == Framing::none) return;
  const bool chunked = framing_ == Framing::chunked;
  SizeLine line;
  try {
    wire_.put(chunked ? write_size(bytes.size(), line) : std::string_view(), bytes, chunked ? "\r\n" : "");
  } catch (const Error&) {
    wire_.has_failed() ? pump_.give_up() : pump_.flush_soon();  // what was begun goes on
    throw;
  }
  written_ += bytes.size();
  if (wire_.out.empty()) {
    pump_.watch();
  } else if (flush_ == Flush::when_waiting) {
    pump_.flush_soon();
  }
}

void ReplyStream::flush() {
  try {
    wire_.flush();
  } catch (const Error&) {
    wire_.has_failed() ? pump_.give_up() : pump_.flush_soon();  // what was begun goes on
    throw;
  }
  pump_.watch();
}

void ReplyStream::finish(std::string_view trailers) {
  if (framing_ != Framing::chunked) return;
  wire_.out.append("0\r\n");
  wire_.out.append(trailers);
  wire_.out.append("\r\n");
}

}  // namespace marty::http::internal
