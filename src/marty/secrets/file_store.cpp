#include <algorithm>
#include <filesystem>
#include <span>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/local_stores.hpp"

namespace marty::secrets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 1 << 20;  // as large as a secret of Kubernetes can be

class FileStore final : public Store {
 public:
  explicit FileStore(FileOptions options) : options_(std::move(options)) {}

  std::string_view name() const noexcept override { return "file"; }

  std::optional<Found> get(const Key& key) override {
    const fs::path path = fs::path(options_.directory) / key.path;
    const std::optional<runtime::FileInfo> info = look_at(path);
    if (!info) return std::nullopt;
    if (!info->is_directory) return Found{select_field(read(path), key, name()), ""};
    return Found{read(path / choose_field(key, files_of(path), name())), ""};
  }

  void check() override { look_at(options_.directory); }  // one that is not there has nothing

 private:
  // Nothing where there is nothing of that name.
  static std::optional<runtime::FileInfo> look_at(const fs::path& path) {
    try {
      return runtime::file_info(path);
    } catch (const Error& error) {
      if (error.code() == Code::not_found) return std::nullopt;
      throw;
    }
  }

  // The names that Kubernetes keeps for itself ("..data") are no fields.
  static std::vector<std::string> files_of(const fs::path& folder) {
    std::vector<std::string> names;
    for (const std::string& name : runtime::list_directory(folder)) {
      if (name.starts_with('.')) continue;
      const std::optional<runtime::FileInfo> info = look_at(folder / name);  // it may have gone meanwhile
      if (info && info->is_regular) names.push_back(name);
    }
    return names;
  }

  Secret read(const fs::path& path) const {
    const runtime::File file = runtime::File::open(path);  // what is checked is what is read
    const runtime::FileInfo info = file.info();
    if (!info.is_regular) throw Error(Code::permission_denied, "file: " + path.string() + " is no plain file");
    if (info.size_bytes > kMaxBytes)
      throw Error(Code::invalid_argument, "file: " + path.string() + " is larger than 1 MiB");
    const std::string real_path = file.real_path();
    check_place(path, real_path);
    check_folder(fs::path(real_path).parent_path());
    check_owner(path, info);
    check_mode(path, info.mode);
    const Secret whole = read_all(file, path);
    std::string_view text = whole.reveal();
    if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
    return Secret(text);
  }

  static Secret read_all(const runtime::File& file, const fs::path& path) {
    std::string content(file.info().size_bytes + 1, '\0');
    std::size_t size = 0;
    while (size <= kMaxBytes) {
      if (size == content.size()) grow(content);
      const std::size_t got = file.read_at(size, std::span(content).subspan(size));
      if (got == 0) break;
      size += got;
    }
    Secret read(std::string_view(content).substr(0, size));
    clear(content);
    if (size <= kMaxBytes) return read;
    throw Error(Code::invalid_argument, "file: " + path.string() + " is larger than 1 MiB");
  }

  // Leaves nothing behind where it moves.
  static void grow(std::string& content) {
    std::string larger(content.size() * 2, '\0');
    std::ranges::copy(content, larger.begin());
    content.swap(larger);
    clear(larger);
  }

  // A link may lead from name to name within the directory, and nowhere else.
  void check_place(const fs::path& path, const std::string& real_path) const {
    const std::string within = runtime::File::open(options_.directory).real_path() + "/";
    if (real_path.starts_with(within)) return;
    throw Error(Code::permission_denied,
                "file: " + path.string() + " is a link that leads out of " + options_.directory);
  }

  // Who may write a folder may put another file into the place of one, unless it is sticky and the file is another's.
  static void check_folder(const fs::path& folder) {
    const unsigned mode = runtime::file_info(folder).mode;
    if ((mode & 0022) == 0 || (mode & 01000) != 0) return;
    throw Error(Code::permission_denied,
                "file: others can write the folder " + folder.string() + ": chmod go-w, or make it sticky");
  }

  static void check_owner(const fs::path& path, const runtime::FileInfo& info) {
    if (info.owner == 0 || info.owner == runtime::own_user()) return;
    throw Error(Code::permission_denied, "file: " + path.string() + " belongs to neither us nor root");
  }

  void check_mode(const fs::path& path, unsigned mode) const {
    constexpr unsigned kRefused[] = {0077, 0027, 0022};  // by Readers
    constexpr const char* kWanted[] = {"0600", "0640", "0644"};
    const auto readers = static_cast<std::size_t>(options_.readable_by.value_or(Readers::owner));
    if ((mode & kRefused[readers]) == 0) return;
    const std::string shown = {'0', octal(mode >> 6), octal(mode >> 3), octal(mode)};
    throw Error(Code::permission_denied, "file: " + path.string() + " has the mode " + shown +
                                             ", and others must not touch it: chmod " + kWanted[readers] +
                                             ", or widen readable_by of the store");
  }

  static char octal(unsigned bits) { return static_cast<char>('0' + (bits & 7)); }

  const FileOptions options_;
};

}  // namespace

std::unique_ptr<Store> file_store(FileOptions options) { return std::make_unique<FileStore>(std::move(options)); }

}  // namespace marty::secrets
