#include "marty/service/internal/profile.hpp"

#include "marty/base/check.hpp"

namespace marty::service {
namespace {

struct Profile {
  std::string_view environment;
  std::string_view yaml;
};

// Strangers reach production: it does not explain itself to them. Load balancers reach staging and production: a stop
// waits until they have noticed.
constexpr Profile kProfiles[] = {
    {"development", "logging:\n  level: debug\n"},
    {"testing", ""},
    {"staging", "server:\n  drain_delay: 5s\n"},
    {"production", "server:\n  docs: false\n  drain_delay: 5s\n"},
};

}  // namespace

std::string_view profile(std::string_view environment) {
  for (const Profile& known : kProfiles) {
    if (known.environment == environment) return known.yaml;
  }
  MARTY_CHECK(false);
}

}  // namespace marty::service
