// One request to Vault and its answer: the transport, and what each status means.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/secrets/remote.hpp"
#include "marty/tls/tls.hpp"
#include "vault/vault.hpp"

namespace marty::vault::internal {

struct Request {
  http::Method method = http::Method::get;
  std::string path;  // below /v1/: "secret/data/shop/database"
  Secret body;       // JSON, or empty
  bool in_namespace = true;

  std::string text() const { return std::string(http::method_name(method)) + " " + path; }
};

struct Answer {
  int status = 0;
  secrets::Reply reply;

  bool is_success() const noexcept { return status >= 200 && status < 300; }
  // What a JSON Pointer leads to; null where there is nothing.
  const json::Value& at(std::string_view pointer) const;
};

class Api {
 public:
  explicit Api(const Options& options);

  // Throws Error where there is no answer: as secrets::not_reached().
  Answer send(const Request& request, const Secret& token);

  // The error of an answer that is no success: by the table of statuses, with what Vault itself says of it unless that
  // holds one of `hidden`, and with `advice` behind it.
  Error refusal(const Request& request, const Answer& answer, const std::vector<std::string_view>& hidden,
                std::string_view advice = {}) const;
  // "vault: GET secret/data/shop/database: http://vault:8200 " and the reason.
  Error error(Code code, const Request& request, std::string_view reason) const;

 private:
  http::Reply send_once(const Request& request, const Secret& token);

  std::string address_;  // without '/' at the end
  std::string namespace_;
  std::unique_ptr<tls::ClientContext> tls_;  // null: what the system trusts
  http::Client client_;
};

}  // namespace marty::vault::internal
