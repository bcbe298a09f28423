#include "sqlite/internal/file_check.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/runtime/file.hpp"

namespace marty::sqlite::internal {
namespace {

constexpr std::string_view kHeader("SQLite format 3\0", 16);

}  // namespace

void check_file(const std::string& path) {
  if (const int failure = runtime::why_unwritable(path); failure != 0) {
    throw Error(Code::unavailable, "sqlite: " + std::filesystem::absolute(path).string() + ": " +
                                       std::strerror(failure) +
                                       "; its folder must be there, and this user be allowed to read and write both");
  }
  if (!std::filesystem::exists(path)) return;
  std::array<char, kHeader.size()> begin;
  const std::size_t bytes = runtime::File::open(path).read_at(0, begin);
  if (bytes != 0 && std::string_view(begin.data(), bytes) != kHeader)  // an empty one becomes a database
    throw Error(Code::data_loss,
                "sqlite: " + std::filesystem::absolute(path).string() + ": file is not a database; correct the path");
}

}  // namespace marty::sqlite::internal
