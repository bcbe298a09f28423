// SHA-256 (FIPS 180-4), for the checksums of migrations.
#pragma once

#include <string>
#include <string_view>

namespace marty::data::internal {

std::string sha256_hex(std::string_view bytes);

}  // namespace marty::data::internal
