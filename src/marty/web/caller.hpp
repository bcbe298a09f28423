// Caller: who sent a request, as a handler sees it: `const Caller& caller`. Anonymous until an authentication filter
// says more.
//
//   if (!caller.may("pet:7:delete")) throw Error(Code::permission_denied, "only the owner may do that");
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace marty::tls {
struct Identity;
}

namespace marty::web {

struct Caller {
  std::string id;  // empty: anonymous
  std::vector<std::string> roles;
  std::vector<std::string> permissions;  // "type:id:action", each part may be '*'
  // What its verified certificate says (mTLS; marty/tls/tls.hpp); null: it showed none. Then the id is the SPIFFE id,
  // else the certificate's subject, unless an authentication filter says more.
  std::shared_ptr<const tls::Identity> certificate;

  bool authenticated() const noexcept { return !id.empty(); }
  bool has_role(std::string_view role) const noexcept;
  // Whether one of the permissions covers `permission`: part by part equal, or '*' in the one the caller holds.
  bool may(std::string_view permission) const noexcept;
};

}  // namespace marty::web
