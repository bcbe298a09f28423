// A SPIFFE ID from a certificate: its parts are all of it, and no other text means the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/check.hpp"
#include "marty/tls/internal/spiffe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using marty::tls::internal::parse_spiffe_id;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto id = parse_spiffe_id(text);
  if (!id) return 0;
  MARTY_CHECK("spiffe://" + std::string(id->trust_domain) + std::string(id->path) == text);
  MARTY_CHECK(!id->trust_domain.empty() && id->trust_domain.find_first_of("/:@?#%") == std::string_view::npos);
  MARTY_CHECK(id->path.find("//") == std::string_view::npos && id->path.find("/../") == std::string_view::npos);
  MARTY_CHECK(!parse_spiffe_id(text + '/') && !parse_spiffe_id(text + "/.") && !parse_spiffe_id(text + "/.."));
  MARTY_CHECK(!parse_spiffe_id(' ' + text) && !parse_spiffe_id(text + '\0'));
  return 0;
}
