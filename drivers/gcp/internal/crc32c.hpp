// CRC-32C (Castagnoli; RFC 3720 appendix B.4), by which Secret Manager tells that a payload arrived as it is.
#pragma once

#include <cstdint>
#include <string_view>

namespace marty::gcp::internal {

std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace marty::gcp::internal
