// Queries of URLs from outside: what is redacted once has nothing more to redact, and keeps its pairs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/check.hpp"
#include "marty/telemetry/redaction.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using marty::telemetry::redacted_query;
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  const std::string shown = redacted_query(query);
  MARTY_CHECK(redacted_query(shown) == shown);
  MARTY_CHECK(std::ranges::count(shown, '&') == std::ranges::count(query, '&'));
  const std::string secret = redacted_query("pass%77ord=hunter2&" + std::string(query));
  MARTY_CHECK(secret == "pass%77ord=[redacted]&" + shown);
  return 0;
}
