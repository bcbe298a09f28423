// Heads and chunked bodies from the fuzzer: the verdict must not depend on how the bytes were cut, and what is known of
// a request is right, whether it is let in or refused.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "marty/base/authority.hpp"
#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/request_parser.hpp"
#include "marty/http/internal/target.hpp"

namespace marty::http::internal {
namespace {

// What is known of a request, let in or refused, is right.
void check(const RequestHead& head) {
  if (!all_in_class(head.method_text, kToken)) std::abort();
  if (!head.authority.empty() && !is_authority(head.authority)) std::abort();
  if (!head.authority.empty() && !is_same_authority(head.authority, head.authority, "80")) std::abort();
  if (!head.target.empty() && head.target != "*" && !is_path_and_query(head.target)) std::abort();
  for (const Header& header : head.headers) {
    if (!all_in_class(header.name, kToken) || !is_field_value(header.value)) std::abort();
  }
}

struct Body {
  int status = 0;  // of a refusal
  bool done = false;
  std::string bytes;
  bool operator==(const Body&) const = default;
};

Body decode(std::string_view raw, std::size_t piece) {
  ChunkedDecoder decoder;
  Body body;
  char output[16];
  while (!raw.empty() && !decoder.done()) {
    const auto step = decoder.decode(raw.substr(0, piece), output);
    if (!step) return {step.error().status, false, {}};
    body.bytes.append(output, step->produced);
    raw.remove_prefix(step->consumed);
  }
  body.done = decoder.done();
  return body;
}

}  // namespace
}  // namespace marty::http::internal

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
  if (verdict != Progress::incomplete) check(whole.head());
  if (in_pieces != Progress::incomplete) check(pieces.head());
  if (verdict == Progress::failed && pieces.error().status != whole.error().status) std::abort();
  if (verdict != Progress::complete || !whole.head().chunked) return 0;
  if (whole.head().size != pieces.head().size || whole.head().target != pieces.head().target) std::abort();

  const std::string_view raw = bytes.substr(whole.head().size);
  if (decode(raw, raw.size()) != decode(raw, 1 + cut % 5)) std::abort();
  return 0;
}
