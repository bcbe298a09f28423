// Frames from the fuzzer, to a server of HTTP/2 in a simulated world: whatever comes, the connection ends, no handler
// is left, and another connection is served. The first byte says how the bytes are cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/http2_frame_scanner.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// The frames found must not depend on how the bytes are cut.
void scan(std::string_view bytes, std::size_t piece) {
  Http2FrameScanner whole, pieces;
  whole.begin(bytes);
  std::string_view rest = bytes;
  pieces.begin({});
  while (const auto frame = whole.next()) {
    if (frame->at + 9 > bytes.size()) std::abort();
    auto same = pieces.next();
    while (!same && !rest.empty()) {
      pieces.begin(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
      same = pieces.next();
    }
    if (!same || same->length != frame->length || same->type != frame->type || same->stream_id != frame->stream_id)
      std::abort();
  }
}

void serve(std::string_view bytes, std::size_t piece) {
  TestServer test([](Request& request, Response& response) {
    if (request.target == "/stream") {
      request.body_source->lift_limit();
      for (std::string_view part; !(part = request.body_source->read_piece()).empty();) response.begin().write(part);
    } else {
      response.set_body(request.body(), "text/plain");
    }
  });
  try {
    RawClient client(test.server.address());
    client.send(kPreface);
    client.send_in_pieces(bytes, piece);
    client.finish_sending();
    client.read_to_end();
  } catch (const Error& error) {
    if (error.code() != Code::unavailable) std::abort();  // reset
  }
  Http2Connection connection(runtime::connect(test.server.address()));
  if (connection.open({.authority = "a"}, "well").read_all(100) != "well") std::abort();
  if (test.server.stats().requests_in_flight != 0) std::abort();
}

}  // namespace
}  // namespace marty::http::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::http::internal;
  if (size == 0 || size > 64 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? size : data[0];
  scan(bytes, piece);
  run_in(WorldKind::simulated, [&] { serve(bytes, piece); });
  return 0;
}
