// What STS, or whoever is in its place, answers.
#include <cstdint>
#include <string>

#include "aws/internal/sts_reply.hpp"
#include "marty/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  const auto reply = marty::aws::internal::parse_sts_reply(text);
  MARTY_CHECK(text.empty());
  MARTY_CHECK(reply.error.size() <= 100);
  MARTY_CHECK(reply.credentials.access_key_id.size() <= size);
  return 0;
}
