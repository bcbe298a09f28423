// Heads and chunked bodies from the fuzzer: the verdict must not depend on how the bytes were cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/request_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::http::internal;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.empty() ? 0 : data[0] % bytes.size();

  RequestParser whole{HeadLimits{}};
  const Progress verdict = whole.parse(bytes);
  RequestParser pieces{HeadLimits{}};
  const std::string first(bytes.substr(0, cut));
  Progress in_pieces = pieces.parse(first);
  if (in_pieces == Progress::incomplete) in_pieces = pieces.parse(bytes);
  if (in_pieces == Progress::incomplete && verdict == Progress::failed) return 0;  // the line has not ended yet
  if (in_pieces != verdict) std::abort();
  if (verdict == Progress::failed && pieces.error().status != whole.error().status) std::abort();
  if (verdict != Progress::complete || !whole.head().chunked) return 0;
  if (whole.head().size != pieces.head().size || whole.head().target != pieces.head().target) std::abort();

  ChunkedDecoder decoder;
  std::string output(bytes.size(), '\0');
  const auto step = decoder.decode(bytes.substr(whole.head().size), output);
  if (step && step->consumed + whole.head().size > bytes.size()) std::abort();
  return 0;
}
