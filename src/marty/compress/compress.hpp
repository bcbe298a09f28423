// Compression with the content codings of HTTP: gzip (RFC 1952) and brotli (RFC 7932).
//
//   std::string small = compress::compress(Coding::gzip, text);
//   std::string text = compress::gunzip(small, 1 << 20);
//
//   compress::Compressor compressor(Coding::brotli);         // piece by piece
//   while (read(piece)) compressor.write(piece, out);
//   compressor.finish(out);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace marty::compress {

enum class Coding : std::uint8_t { gzip, brotli };
std::string_view coding_name(Coding coding) noexcept;  // "gzip", "br": as in Content-Encoding

// A stream being compressed. About 260 KiB (gzip) or 1 MiB (brotli) of memory while it lives. Not thread-safe.
class Compressor {
 public:
  // Level 1 (fast) to 9 (small) for gzip, 0 to 11 for brotli; the defaults suit replies made on the fly.
  explicit Compressor(Coding coding, int level = kDefaultLevel);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // Appends what is ready to `out`, which may be nothing.
  void write(std::string_view content, std::string& out);
  // ... all that was written so far, so that the other side can read it.
  void flush(std::string& out);
  // ... the rest. Nothing may follow.
  void finish(std::string& out);

  static constexpr int kDefaultLevel = -1;

 private:
  class Engine;
  class Gzip;
  class Brotli;
  std::unique_ptr<Engine> engine_;
};

// The whole of `content` at once.
std::string compress(Coding coding, std::string_view content, int level = Compressor::kDefaultLevel);

// Throws Error: invalid_argument where it is no gzip, out_of_range where the result is larger than max_bytes.
std::string gunzip(std::string_view content, std::size_t max_bytes);
std::string unbrotli(std::string_view content, std::size_t max_bytes);

}  // namespace marty::compress
