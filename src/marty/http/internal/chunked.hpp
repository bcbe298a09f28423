// ChunkedDecoder: a chunked body (RFC 9112 section 7.1), strictly, in any number of pieces; its trailers are checked,
// bounded and dropped.
//
//   ChunkedDecoder decoder;
//   auto step = decoder.decode(raw, buffer);   // moves body bytes into the buffer
//   if (!step) reply(step.error());            // else step->consumed of raw, step->produced in the buffer
//   if (decoder.done()) ...                    // what follows in raw is the next message
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "marty/http/internal/chunk_extensions.hpp"
#include "marty/http/internal/parse_error.hpp"

namespace marty::http::internal {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  static constexpr std::size_t kMaxExtensionBytes = 4 * 1024;  // of all chunks of a body together
  static constexpr std::size_t kMaxTrailerBytes = 8 * 1024;

  // Stops at the end of the body, of `raw` or of `output`. Not to be called after an error.
  std::expected<Step, ParseError> decode(std::string_view raw, std::span<char> output);
  bool done() const noexcept { return stage_ == Stage::done; }
  // Bytes of the current chunk that are still to come: what can be read past the decoder, told by advance().
  std::uint64_t chunk_bytes_left() const noexcept { return stage_ == Stage::data ? left_ : 0; }
  void advance(std::uint64_t bytes) noexcept;
  void reset() noexcept;

 private:
  enum class Stage : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailers, done };

  const ParseError* take_size(char c);
  const ParseError* take_extension(char c);
  const ParseError* take_trailer(char c);

  Stage stage_ = Stage::size;
  std::uint8_t digits_ = 0;     // of the chunk size so far
  ChunkExtensions extensions_;  // of the current chunk
  std::uint64_t left_ = 0;      // of the current chunk
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string trailer_line_;
};

}  // namespace marty::http::internal
