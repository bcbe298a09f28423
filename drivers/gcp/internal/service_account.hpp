// The key file of a service account, and what it signs.
#pragma once

#include <memory>
#include <string>

#include "marty/base/time.hpp"

namespace marty::gcp::internal {

class ServiceAccount {
 public:
  // `json` is the content of the file, and is cleared; `path` is for errors. Throws Error(invalid_argument) that names
  // the file and what it lacks.
  ServiceAccount(std::string& json, const std::string& path);
  ~ServiceAccount();
  ServiceAccount(ServiceAccount&&) noexcept;

  const std::string& email() const noexcept { return email_; }
  const std::string& project() const noexcept { return project_; }
  const std::string& token_uri() const noexcept { return token_uri_; }

  // A JWT (RFC 7519, signed as RS256 of RFC 7518) by which the account asks `audience` for a token, good for an hour.
  std::string assertion(const std::string& audience, Timestamp now) const;

 private:
  struct Key;  // OpenSSL's
  std::unique_ptr<Key> key_;
  std::string key_id_;
  std::string email_;
  std::string project_;
  std::string token_uri_;
};

}  // namespace marty::gcp::internal
