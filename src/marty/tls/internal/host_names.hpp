// Names of hosts, and HostNames: which certificate is for the name that a client asked for (SNI, RFC 6066 section 3).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace marty::tls::internal {

// Letters, digits, '-' and '_' in labels with dots between them, as DNS has it (international names as A-labels).
bool is_host_name(std::string_view text) noexcept;

class HostNames {
 public:
  // A DNS name of certificate number `certificate`: "shop.example", or "*.shop.example" for any one label in that
  // place (RFC 9525 section 6.3). Where two certificates are for one name, the first that was added is taken.
  void add(std::string_view pattern, std::size_t certificate);
  // An exact name goes before a wildcard; case does not matter. Nothing: no certificate is for the name.
  std::optional<std::size_t> find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::size_t> exact_;
  std::unordered_map<std::string, std::size_t> below_;  // by what stands behind the '*'
};

}  // namespace marty::tls::internal
