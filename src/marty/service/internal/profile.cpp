#include "marty/service/internal/profile.hpp"

#include "marty/base/check.hpp"

namespace marty::service {
namespace {

struct Profile {
  std::string_view environment;
  std::string_view yaml;
};

// Strangers reach production: it does not explain itself to them. Load balancers reach staging and production: a stop
// waits until they have noticed. Traces are looked at one by one in development, and as a sample where there are many.
constexpr Profile kProfiles[] = {
    {"development", "logging:\n  level: debug\n"},
    {"testing", ""},
    {"staging", "server:\n  drain_delay: 5s\ntelemetry:\n  tracing:\n    sample_ratio: 0.5\n"},
    {"production", "server:\n  docs: false\n  drain_delay: 5s\ntelemetry:\n  tracing:\n    sample_ratio: 0.1\n"},
};

}  // namespace

std::string_view profile(std::string_view environment) {
  for (const Profile& known : kProfiles) {
    if (known.environment == environment) return known.yaml;
  }
  MARTY_CHECK(false);
}

}  // namespace marty::service
