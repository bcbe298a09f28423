// The secrets of the API server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kubernetes/kubernetes.hpp"
#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/secrets/remote.hpp"
#include "marty/tls/tls.hpp"

namespace marty::kubernetes::internal {

class ApiStore final : public secrets::Store {
 public:
  ApiStore(Options options, std::string server);

  std::string_view name() const noexcept override { return "kubernetes"; }
  std::optional<secrets::Found> get(const secrets::Key& key) override;
  void check() override;

 private:
  struct Answer {
    int status = 0;
    secrets::Reply reply;
    std::string words;  // of the server, for errors; they never hold the token
  };

  Answer send(const std::string& path);
  Answer send_with(const std::string& path, const Secret& token);
  http::Reply send_once(const std::string& path, const Secret& token);
  std::string own_namespace();
  Error refusal(const std::string& path, const Answer& answer, std::string_view advice = {}) const;
  Error error(Code code, const std::string& path, std::string_view reason) const;

  const Options options_;
  const std::string server_;                 // without '/' at the end
  std::unique_ptr<tls::ClientContext> tls_;  // null: no TLS
  http::Client client_;
  runtime::Mutex reading_;  // of the namespace's file
  std::string namespace_;
};

// The name of the secret that Kubernetes has for a path. Throws Error(invalid_argument) where it can have none.
std::string secret_name(std::string_view path);

}  // namespace marty::kubernetes::internal
