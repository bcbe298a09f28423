// Store: a place that keeps secrets, behind one interface. Those of this module – memory, environment variables, files
// – need nothing besides; drivers bring Vault, the clouds' own and Kubernetes.
//
//   std::optional<secrets::Found> found = store.get(secrets::Key::parse("shop/database#password"));
//
// secrets::Secrets (secrets.hpp) asks several in order, and keeps what they say for a while.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/secret.hpp"

namespace marty::secrets {

// What ${SECRET:shop/database#password} names: the secret shop/database, and of what that holds the field password.
struct Key {
  std::string path;   // letters, digits, '_', '-', '.' and '/' between parts; no part is empty or begins with '.'
  std::string field;  // "": the secret itself

  // Throws Error(invalid_argument) that says what is wrong with it.
  static Key parse(std::string_view text);
  std::string text() const { return field.empty() ? path : path + "#" + field; }
  bool operator==(const Key&) const = default;
};

// A secret that was found.
struct Found {
  Secret value;
  std::string version;  // as the store tells them apart; "" where it does not
};

class Store {
 public:
  virtual ~Store() = default;

  // "vault": in the configuration, in errors and in health reports.
  virtual std::string_view name() const noexcept = 0;

  // The secret; nothing where the store answers that it has none of that path. Throws Error: unavailable,
  // deadline_exceeded (the store cannot be asked, or cannot answer now), unauthenticated, permission_denied (it
  // refuses us), invalid_argument (it cannot have a key like that, or what it has lacks the field). No message holds
  // what a secret holds. On a fiber; fibers of several loops may ask at a time.
  virtual std::optional<Found> get(const Key& key) = 0;

  // Throws as get() does where the store cannot be asked now. For health reports, so at little cost.
  virtual void check() = 0;
};

// For stores that hold one text per path. Without a field that text; with one the text is a JSON object, and this its
// member: a string as it is, a number or boolean as it is written. Throws Error(invalid_argument), naming `store`, the
// path and the fields that there are (never values), where the text is no object or lacks the member.
Secret select_field(Secret text, const Key& key, std::string_view store);

// For stores that hold fields per path (Vault, Kubernetes). Without a field the one named "value", or else the only
// one. `names` are those that there are. Throws as above where that leads to none, and gives its name otherwise.
std::string choose_field(const Key& key, const std::vector<std::string>& names, std::string_view store);

}  // namespace marty::secrets
