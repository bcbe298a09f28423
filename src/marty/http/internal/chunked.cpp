#include "marty/http/internal/chunked.hpp"

#include <algorithm>
#include <cstring>

#include "marty/http/internal/characters.hpp"
#include "marty/http/internal/field_line.hpp"

namespace marty::http::internal {
namespace {

constexpr ParseError kBadSize = bad_request("a chunk size is not a hexadecimal number followed by CRLF");
constexpr ParseError kBadSizeEnd = bad_request("a chunk size line does not end in CRLF");
constexpr ParseError kSizeOverflow{413, Code::out_of_range, "a chunk is larger than any body"};
constexpr ParseError kBadExtension = bad_request("a chunk extension is not valid");
constexpr ParseError kExtensionsTooLong = bad_request("the chunk extensions are too long");
constexpr ParseError kBadChunkEnd = bad_request("a chunk does not end in CRLF");
constexpr ParseError kBadTrailer = bad_request("a trailer line is not valid");
constexpr ParseError kTrailersTooLarge{431, Code::invalid_argument, "the trailers are too large"};
constexpr int kMaxSizeDigits = 16;

}  // namespace

void ChunkedDecoder::reset() noexcept {
  stage_ = Stage::size;
  digits_ = 0;
  left_ = 0;
  extension_bytes_ = 0;
  trailer_bytes_ = 0;
  trailer_line_.clear();
}

void ChunkedDecoder::advance(std::uint64_t bytes) noexcept {
  left_ -= bytes;
  if (left_ == 0) stage_ = Stage::data_cr;
}

std::expected<ChunkedDecoder::Step, ParseError> ChunkedDecoder::decode(std::string_view raw, std::span<char> output) {
  Step step;
  while (step.consumed < raw.size() && stage_ != Stage::done) {
    if (stage_ == Stage::data) {
      const std::size_t size = std::min({static_cast<std::uint64_t>(raw.size() - step.consumed),
                                         static_cast<std::uint64_t>(output.size() - step.produced), left_});
      if (size == 0) break;  // the output is full
      std::memmove(output.data() + step.produced, raw.data() + step.consumed, size);
      step.consumed += size;
      step.produced += size;
      advance(size);
      continue;
    }
    const char c = raw[step.consumed++];
    const ParseError* error = nullptr;
    switch (stage_) {
      case Stage::size:
        error = take_size(c);
        break;
      case Stage::extension:
        error = take_extension(c);
        break;
      case Stage::size_lf:
        if (c != '\n') error = &kBadSizeEnd;
        stage_ = left_ == 0 ? Stage::trailers : Stage::data;
        break;
      case Stage::data_cr:
        if (c != '\r') error = &kBadChunkEnd;
        stage_ = Stage::data_lf;
        break;
      case Stage::data_lf:
        if (c != '\n') error = &kBadChunkEnd;
        stage_ = Stage::size;
        digits_ = 0;
        break;
      case Stage::trailers:
        error = take_trailer(c);
        break;
      case Stage::data:
      case Stage::done:
        break;
    }
    if (error != nullptr) return std::unexpected(*error);
  }
  return step;
}

const ParseError* ChunkedDecoder::take_size(char c) {
  if (const int digit = hex_digit_value(c); digit >= 0) {
    if (digits_ == kMaxSizeDigits || left_ >> 59 != 0) return &kSizeOverflow;  // keeps sums of sizes far from overflow
    ++digits_;
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    return nullptr;
  }
  if (digits_ == 0) return &kBadSize;
  if (c == '\r') {
    stage_ = Stage::size_lf;
  } else if (c == ';' || is_blank(c)) {
    stage_ = Stage::extension;
    extensions_.reset();
    return take_extension(c);
  } else {
    return &kBadSize;
  }
  return nullptr;
}

// What is well formed is ignored.
const ParseError* ChunkedDecoder::take_extension(char c) {
  if (++extension_bytes_ > kMaxExtensionBytes) return &kExtensionsTooLong;
  if (c == '\r' && extensions_.may_end()) {
    stage_ = Stage::size_lf;
  } else if (!extensions_.take(c)) {
    return &kBadExtension;
  }
  return nullptr;
}

const ParseError* ChunkedDecoder::take_trailer(char c) {
  if (++trailer_bytes_ > kMaxTrailerBytes) return &kTrailersTooLarge;
  trailer_line_.push_back(c);
  if (c != '\n') return nullptr;
  const FieldLine line = parse_field_line(trailer_line_.data(), trailer_line_.data() + trailer_line_.size());
  if (line.progress != Progress::complete) return &kBadTrailer;
  if (line.header.name.empty()) stage_ = Stage::done;
  trailer_line_.clear();
  return nullptr;
}

}  // namespace marty::http::internal
