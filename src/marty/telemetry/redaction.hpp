// Redaction: which names stand for what nobody may read in a log.
//
//   is_sensitive("db_password");      // so are "apiKey", "X-Auth-Token", "set-cookie"; "passwordless" is not
//
// A name is sensitive where one of its words, or two neighbours, end in one of kSensitiveWords or its plural:
// "dbpassword" is. Words are parted by '_', '-', '.', ' ' and by capitals. So is a name of more than 128 bytes. Costs
// some tens of nanoseconds, a few for a name that the thread asked for lately, and no allocation.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace marty::telemetry {

class Logging;

inline constexpr std::string_view kRedacted = "[redacted]";  // what stands in the place of the value

// In lower case, with '_' between two.
inline constexpr std::array<std::string_view, 16> kSensitiveWords = {
    "access_key", "accesskey", "api_key",  "apikey",      "authorization", "cookie", "credential", "jwt",
    "passphrase", "passwd",    "password", "private_key", "privatekey",    "pwd",    "secret",     "token"};

bool is_sensitive(std::string_view name) noexcept;
// What `logging` redacts, with its own names; null: what is_sensitive().
bool hides(const Logging* logging, std::string_view name) noexcept;

// The query of a URL with "[redacted]" for the values under sensitive names, and those that sign it: "a=1&sig=...".
// Names are looked at decoded; a bracket in one parts words.
std::string redacted_query(std::string_view query);

// The same with more names, of one or several words each: {"iban", "card_number"}.
class Redaction {
 public:
  explicit Redaction(std::span<const std::string> more = {});
  bool is_sensitive(std::string_view name) const noexcept;

 private:
  std::vector<std::string> more_;  // words with '_' between them
};

}  // namespace marty::telemetry
