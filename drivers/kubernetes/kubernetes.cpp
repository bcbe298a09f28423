#include "kubernetes/kubernetes.hpp"

#include <utility>

#include "kubernetes/internal/api_store.hpp"
#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/local_stores.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::kubernetes {
namespace {

// The files of mounted volumes, which Kubernetes lets everybody in the pod read.
class FilesStore final : public secrets::Store {
 public:
  explicit FilesStore(const std::string& directory)
      : directory_(directory),
        files_(secrets::file_store({.directory = directory, .readable_by = secrets::Readers::anyone})) {}

  std::string_view name() const noexcept override { return "kubernetes"; }
  // Where no volume is mounted, no secret is known to be missing.
  std::optional<secrets::Found> get(const secrets::Key& key) override {
    std::optional<secrets::Found> found = files_->get(key);
    if (!found) check();
    return found;
  }
  void check() override {
    try {
      if (runtime::file_info(directory_).is_directory) return;
    } catch (const Error& error) {
      throw Error(Code::unavailable, "kubernetes: is a volume with secrets mounted? " + error.message());
    }
    throw Error(Code::unavailable, "kubernetes: is a volume with secrets mounted? " + directory_ + " is no folder");
  }

 private:
  const std::string directory_;
  const std::unique_ptr<secrets::Store> files_;
};

std::string server_of(const Options& options, const config::Variables& variables) {
  if (options.server) return options.server->substr(0, options.server->find_last_not_of('/') + 1);
  const auto host = variables.find("KUBERNETES_SERVICE_HOST"), port = variables.find("KUBERNETES_SERVICE_PORT");
  if (host == variables.end() || port == variables.end()) {
    throw Error(Code::invalid_argument,
                "kubernetes: where is the API server? Give secrets.kubernetes.server: this is no pod, which has the "
                "variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
  }
  const bool is_ipv6 = host->second.find(':') != std::string::npos;
  std::string server = "https://" + (is_ipv6 ? "[" + host->second + "]" : host->second) + ":" + port->second;
  if (const std::string problem = secrets::url_problem(server, false); !problem.empty())
    throw Error(Code::invalid_argument,
                "kubernetes: what KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make " + problem);
  return server;
}

}  // namespace

void Options::check(Problems& problems) const {
  if (server) secrets::check_url(problems, "/server", *server, insecure);
  if (timeout.value() <= std::chrono::nanoseconds(0)) problems.add("/timeout", "must be more than 0s");
}

std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  if (options.mode == Mode::files) return std::make_unique<FilesStore>(options.directory);
  std::string server = server_of(options, variables);
  return std::make_unique<internal::ApiStore>(std::move(options), std::move(server));
}

}  // namespace marty::kubernetes
