// The cost of the parts that every request goes through.
#include <benchmark/benchmark.h>

#include <string>

#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/request_parser.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http::internal {
namespace {

constexpr std::string_view kSmall = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
constexpr std::string_view kBrowser =
    "GET /api/v1/pets?species=dog&limit=20 HTTP/1.1\r\nHost: petstore.example.com\r\nUser-Agent: Mozilla/5.0 (X11; "
    "Linux x86_64; rv:120.0) "
    "Gecko/20100101 Firefox/120.0\r\nAccept: application/json, text/plain, */*\r\nAccept-Language: "
    "en-GB,en;q=0.5\r\nAccept-Encoding: gzip, "
    "deflate, br\r\nReferer: https://petstore.example.com/pets\r\nAuthorization: Bearer "
    "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl\r\nConnection: "
    "keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef\r\ntraceparent: "
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";

void parse(benchmark::State& state, std::string_view bytes) {
  RequestParser parser{HeadLimits{}};
  for (auto _ : state) {
    parser.reset();
    if (parser.parse(bytes) != Progress::complete) state.SkipWithError("the request is not valid");
    benchmark::DoNotOptimize(parser.head());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK_CAPTURE(parse, small, kSmall);
BENCHMARK_CAPTURE(parse, browser, kBrowser);

void serialise_reply(benchmark::State& state) {
  runtime::World::real({.loops = 1})->run([&] {
    DateCache date;
    OutputBuffer output;
    Response response;
    for (auto _ : state) {
      response.clear();
      response.set_body("Hello, World!", "text/plain");
      output.clear();
      append_reply_head(output, date, {.headers = response.wire_headers(), .length = response.body().size()});
      output.append(response.body());
      benchmark::DoNotOptimize(output.bytes());
    }
  });
}
BENCHMARK(serialise_reply);

void decode_chunked(benchmark::State& state) {
  std::string raw, body(64 * 1024, '\0');
  for (int i = 0; i < 16; ++i) raw += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  raw += "0\r\n\r\n";
  for (auto _ : state) {
    ChunkedDecoder decoder;
    benchmark::DoNotOptimize(decoder.decode(raw, body));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(decode_chunked);

}  // namespace
}  // namespace marty::http::internal
