#include "marty/runtime/internal/symbols.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "marty/base/stack.hpp"

namespace marty::runtime::internal {
namespace {

// dladdr(3) calls the program what its first argument says, which may be no path from here.
std::string path_of(const Dl_info& info) {
  Dl_info program{};
  const auto* const headers = reinterpret_cast<const void*>(getauxval(AT_PHDR));
  const bool is_program = dladdr(headers, &program) != 0 && program.dli_fbase == info.dli_fbase;
  return is_program ? "/proc/self/exe" : info.dli_fname;
}

const ElfW(Shdr) * find_symbol_table(const MappedFile& file, const ElfW(Ehdr) & head, const ElfW(Shdr) * sections) {
  for (std::size_t i = 0; i < head.e_shnum; ++i) {
    const ElfW(Shdr)& section = sections[i];
    const bool usable = section.sh_type == SHT_SYMTAB && section.sh_link < head.e_shnum &&
                        file.at<ElfW(Sym)>(section.sh_offset, section.sh_size / sizeof(ElfW(Sym))) != nullptr;
    if (usable) return &section;
  }
  return nullptr;
}

}  // namespace

MappedFile::MappedFile(const char* path) noexcept {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    const auto bytes = static_cast<std::size_t>(status.st_size);
    void* const memory = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory != MAP_FAILED) {
      begin_ = static_cast<const char*>(memory);
      bytes_ = bytes;
    }
  }
  close(descriptor);
}

MappedFile::~MappedFile() {
  if (begin_ != nullptr) munmap(const_cast<char*>(begin_), bytes_);
}

// The name of the function around an address as the file counts it; "" where the file does not tell.
std::string Symbols::function_at(const std::string& path, std::size_t file_address) {
  const MappedFile& file = files_.try_emplace(path, path.c_str()).first->second;
  const auto* const head = file.at<ElfW(Ehdr)>(0);
  if (head == nullptr || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return {};
  const auto* const sections = file.at<ElfW(Shdr)>(head->e_shoff, head->e_shnum);
  if (sections == nullptr) return {};
  const auto* const table = find_symbol_table(file, *head, sections);
  if (table == nullptr) return {};
  const ElfW(Shdr)& names = sections[table->sh_link];
  const std::size_t count = table->sh_size / sizeof(ElfW(Sym));
  const auto* const symbols = file.at<ElfW(Sym)>(table->sh_offset, count);
  for (std::size_t i = 0; i < count; ++i) {
    const ElfW(Sym)& symbol = symbols[i];
    const bool around = (symbol.st_info & 0xf) == STT_FUNC && file_address >= symbol.st_value &&
                        file_address - symbol.st_value < symbol.st_size;
    if (!around || symbol.st_name >= names.sh_size) continue;
    const std::size_t room = names.sh_size - symbol.st_name;
    const char* const name = file.at<char>(names.sh_offset + symbol.st_name, room);
    if (name != nullptr && std::memchr(name, '\0', room) != nullptr) return demangle(name);
  }
  return {};
}

std::string Symbols::describe(void* address) {
  Dl_info info{};
  link_map* loaded = nullptr;
  if (dladdr1(address, &info, reinterpret_cast<void**>(&loaded), RTLD_DL_LINKMAP) == 0)
    return describe_address(address);
  const std::size_t place = reinterpret_cast<std::size_t>(address) - loaded->l_addr;
  const std::string function = function_at(path_of(info), place);
  if (function.empty()) return describe_address(address);
  const std::string_view file = info.dli_fname;
  return fmt::format("{} ({}+{:#x})", function, file.substr(file.rfind('/') + 1), place);
}

}  // namespace marty::runtime::internal
