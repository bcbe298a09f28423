// Heads of replies from the fuzzer: the verdict must not depend on how the bytes were cut.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "marty/http/internal/reply_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::http::internal;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ReplyParser whole;
  const Progress verdict = whole.parse(bytes);
  ReplyParser pieces;
  Progress in_pieces = pieces.parse(bytes.substr(0, data[0] % bytes.size()));
  if (in_pieces == Progress::incomplete) in_pieces = pieces.parse(bytes);
  if (in_pieces == Progress::incomplete && verdict == Progress::failed) return 0;  // the line has not ended yet
  if (in_pieces != verdict) std::abort();
  if (verdict == Progress::complete && (whole.head().size != pieces.head().size || whole.head().size > bytes.size()))
    std::abort();
  return 0;
}
