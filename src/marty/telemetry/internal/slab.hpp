// Slab: the cells of one thread. Only its thread writes (plain additions); any thread may read. It grows in chunks that
// never move, so that a reader needs no lock.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <new>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry::internal {

using Cell = std::atomic<std::uint64_t>;

// See above. A cell that nobody wrote reads 0.
class Slab {
 public:
  static constexpr std::uint32_t kFirstChunk = 256;  // cells; each further chunk is twice as large
  static constexpr std::uint32_t kChunks = 16;

  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  // Of the owning thread. Cells of one block (see allocate in registry.cpp) are adjacent. Where there is no memory they
  // are nowhere(), and what is counted then is lost.
  Cell* cell(CellPosition position) noexcept {
    Cell* chunk = chunks_[position.chunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) [[unlikely]]
      if ((chunk = grow(position.chunk)) == nullptr) return nowhere();
    return chunk + position.offset;
  }
  // Cells that nobody reads, as many as a histogram has.
  static Cell* nowhere() noexcept {
    static Cell cells[256];
    return cells;
  }
  // Of any thread.
  std::uint64_t read(CellPosition position) const {
    const Cell* chunk = chunks_[position.chunk].load(std::memory_order_acquire);
    return chunk == nullptr ? 0 : chunk[position.offset].load(std::memory_order_relaxed);
  }

  static std::uint32_t chunk_of(std::uint32_t index) {
    return static_cast<std::uint32_t>(std::bit_width(index / kFirstChunk + 1)) - 1;
  }
  static std::uint32_t chunk_begin(std::uint32_t level) { return kFirstChunk * ((1u << level) - 1); }

 private:
  [[gnu::noinline]] Cell* grow(std::uint32_t level) noexcept {
    Cell* const chunk = new (std::nothrow) Cell[kFirstChunk << level]();
    if (chunk == nullptr) return nullptr;
    chunks_[level].store(chunk, std::memory_order_release);
    return chunk;
  }

  std::array<std::atomic<Cell*>, kChunks> chunks_{};
};

}  // namespace marty::telemetry::internal
