// For tests: a volume with a secret, as the kubelet makes one: the files stand in a folder of their own, to which the
// link ..data leads, and each field is a link to its file in ..data. A new secret is a new folder, and one rename.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "marty/runtime/file.hpp"
#include "marty/tls/internal/test_support.hpp"

namespace marty::kubernetes::internal {

class MountedVolume {
 public:
  // Mounted at that path below the directory.
  explicit MountedVolume(const std::string& path) : mount_(folder_.path() / path) {
    std::filesystem::create_directories(mount_);
  }

  std::string directory() const { return folder_.path().string(); }
  void put(const std::map<std::string, std::string>& fields) const { put(mount_, fields); }

  static void put(const std::filesystem::path& mount, const std::map<std::string, std::string>& fields) {
    namespace fs = std::filesystem;
    int number = 0;
    while (fs::exists(mount / ("..2026_" + std::to_string(number)))) ++number;
    const std::string version = "..2026_" + std::to_string(number);
    fs::create_directories(mount / version);
    for (const auto& [name, value] : fields) runtime::write_file(mount / version / name, value);
    fs::create_directory_symlink(version, mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
    for (const auto& [name, value] : fields) {
      if (!fs::exists(fs::symlink_status(mount / name))) fs::create_symlink(fs::path("..data") / name, mount / name);
    }
    for (const auto& entry : fs::directory_iterator(mount)) {
      if (entry.is_symlink() && !fs::exists(entry.path())) fs::remove(entry.path());
    }
  }

 private:
  const tls::internal::TemporaryFolder folder_;
  const std::filesystem::path mount_;
};

}  // namespace marty::kubernetes::internal
