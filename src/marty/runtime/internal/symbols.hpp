// Symbols: the functions that addresses lie in. Reads the symbol tables of the files (ELF, gABI chapter 4), so it also
// knows static functions and those of the program itself, which describe_address() does not unless it was linked with
// -rdynamic. Where a file has none (strip), describe_address() is what is left.
//
//   Symbols symbols;                             // keeps the files it has looked into mapped
//   symbols.describe(address);                   // "pets::find(long) (petstore+0x51f3)"
//
// Reads through whole tables, some 100 us an address: for a watchdog's thread, not for loops.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace marty::runtime::internal {

// A file mapped for reading; empty where that is not possible.
class MappedFile {
 public:
  explicit MappedFile(const char* path) noexcept;
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  // `count` objects at `offset`; nullptr where they are not all in the file, or not aligned.
  template <class T>
  const T* at(std::size_t offset, std::size_t count = 1) const noexcept {
    if (offset % alignof(T) != 0 || offset > bytes_ || count > (bytes_ - offset) / sizeof(T)) return nullptr;
    return reinterpret_cast<const T*>(begin_ + offset);
  }

 private:
  const char* begin_ = nullptr;
  std::size_t bytes_ = 0;
};

class Symbols {
 public:
  std::string describe(void* address);

 private:
  std::string function_at(const std::string& file, std::size_t file_address);

  std::map<std::string, MappedFile> files_;
};

}  // namespace marty::runtime::internal
