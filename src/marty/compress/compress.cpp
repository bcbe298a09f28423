#include "marty/compress/compress.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"

namespace marty::compress {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr int kGzipWindow = 15 + 16;  // 32 KiB, with the header and trailer of gzip
constexpr int kGzipLevel = 5;
constexpr int kBrotliLevel = 4;  // about the speed of gzip 5, and smaller

[[noreturn]] void refuse_size(std::size_t max_bytes) {
  throw Error(Code::out_of_range,
              "the content is larger than " + std::to_string(max_bytes) + " bytes when it is decompressed");
}

}  // namespace

std::string_view coding_name(Coding coding) noexcept { return coding == Coding::gzip ? "gzip" : "br"; }

class Compressor::Engine {
 public:
  enum class Step : std::uint8_t { write, flush, finish };
  virtual ~Engine() = default;
  virtual void run(std::string_view content, Step step, std::string& out) = 0;
};

class Compressor::Gzip final : public Engine {
 public:
  explicit Gzip(int level) {
    const int result = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    MARTY_CHECK(result == Z_OK);
  }
  ~Gzip() override { deflateEnd(&stream_); }

  void run(std::string_view content, Step step, std::string& out) override {
    const int flush = step == Step::write ? Z_NO_FLUSH : step == Step::flush ? Z_SYNC_FLUSH : Z_FINISH;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream_.avail_in = uInt(content.size());
    std::array<char, kPieceBytes> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = uInt(piece.size());
      deflate(&stream_, flush);
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  z_stream stream_{};
};

class Compressor::Brotli final : public Engine {
 public:
  explicit Brotli(int level) : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, std::uint32_t(level));
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, 18);  // 256 KiB: bounds the memory of a reply in flight
  }
  ~Brotli() override { BrotliEncoderDestroyInstance(state_); }

  void run(std::string_view content, Step step, std::string& out) override {
    const BrotliEncoderOperation operation = step == Step::write   ? BROTLI_OPERATION_PROCESS
                                             : step == Step::flush ? BROTLI_OPERATION_FLUSH
                                                                   : BROTLI_OPERATION_FINISH;
    const auto* in = reinterpret_cast<const std::uint8_t*>(content.data());
    std::size_t left = content.size();
    do {
      std::size_t none = 0;
      MARTY_CHECK(BrotliEncoderCompressStream(state_, operation, &left, &in, &none, nullptr, nullptr));
      std::size_t size = 0;
      const std::uint8_t* ready = BrotliEncoderTakeOutput(state_, &size);
      out.append(reinterpret_cast<const char*>(ready), size);
    } while (left != 0 || BrotliEncoderHasMoreOutput(state_));
  }

 private:
  BrotliEncoderState* state_;
};

Compressor::Compressor(Coding coding, int level) {
  if (coding == Coding::gzip) {
    engine_ = std::make_unique<Gzip>(level < 0 ? kGzipLevel : std::clamp(level, 1, 9));
  } else {
    engine_ = std::make_unique<Brotli>(level < 0 ? kBrotliLevel : std::clamp(level, 0, 11));
  }
}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::write(std::string_view content, std::string& out) { engine_->run(content, Engine::Step::write, out); }
void Compressor::flush(std::string& out) { engine_->run({}, Engine::Step::flush, out); }
void Compressor::finish(std::string& out) { engine_->run({}, Engine::Step::finish, out); }

std::string compress(Coding coding, std::string_view content, int level) {
  Compressor compressor(coding, level);
  std::string out;
  out.reserve(content.size() / 3 + 64);
  compressor.write(content, out);
  compressor.finish(out);
  return out;
}

std::string gunzip(std::string_view content, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = uInt(content.size());
  std::string out;
  std::array<char, kPieceBytes> piece;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = uInt(piece.size());
    result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t size = piece.size() - stream.avail_out;
    if (size > max_bytes - out.size()) refuse_size(max_bytes);
    out.append(piece.data(), size);
  }
  if (result != Z_STREAM_END || stream.avail_in != 0) {
    throw Error(Code::invalid_argument, "the content is not gzip, or cut off");
  }
  return out;
}

std::string unbrotli(std::string_view content, std::size_t max_bytes) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) throw std::bad_alloc();
  const auto* in = reinterpret_cast<const std::uint8_t*>(content.data());
  std::size_t left = content.size();
  std::string out;
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    std::size_t none = 0;
    result = BrotliDecoderDecompressStream(state.get(), &left, &in, &none, nullptr, nullptr);
    std::size_t size = 0;
    const std::uint8_t* ready = BrotliDecoderTakeOutput(state.get(), &size);
    if (size > max_bytes - out.size()) refuse_size(max_bytes);
    out.append(reinterpret_cast<const char*>(ready), size);
  }
  if (result != BROTLI_DECODER_RESULT_SUCCESS || left != 0) {
    throw Error(Code::invalid_argument, "the content is not brotli, or cut off");
  }
  return out;
}

}  // namespace marty::compress
