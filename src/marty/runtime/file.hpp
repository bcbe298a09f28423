// Files, through a pool, so that a slow disk never holds a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

class BlockingPool;

// Where the functions of this header wait, for who reads several files at once. Null, and then they wait inline, in the
// simulated world and on threads that run no loop.
BlockingPool* file_pool() noexcept;

struct FileInfo {
  std::uint64_t size_bytes = 0;
  Timestamp modified{};
  bool is_regular = false;
  bool is_directory = false;
  unsigned owner = 0;  // the number of the user
  unsigned mode = 0;   // the permissions, as of chmod(2): 0640
};

// Throw not_found, permission_denied, unavailable (with path and reason).
FileInfo file_info(const std::filesystem::path& path);
unsigned own_user() noexcept;  // whose rights this process has
// Why a file could not be opened for reading and writing, and made where there is none: a number of errno; 0: it could.
// Changes nothing.
int why_unwritable(const std::filesystem::path& path);
std::vector<std::string> list_directory(const std::filesystem::path& path);  // names, sorted, without "." and ".."
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = 64 << 20);  // out_of_range where larger
// By a temporary file and rename: all or nothing. `mode` as of open(2), less what the process masks: 0600 for secrets.
void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// An open file for reads at positions; of a directory, its name.
class File {
 public:
  static File open(const std::filesystem::path& path);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();
  FileInfo info() const;
  std::string real_path() const;  // absolute, without symbolic links: where it is now
  std::size_t read_at(std::uint64_t offset, std::span<char> buffer) const;  // 0 at the end

 private:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace marty::runtime
