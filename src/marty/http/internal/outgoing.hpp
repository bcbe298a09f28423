// What both versions of HTTP do with a request that goes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "marty/http/client.hpp"

namespace marty::http::internal {

// Throws invalid_argument for what HTTP forbids, and for what follows from the request itself.
void check_outgoing_header(std::string_view name, std::string_view value);

// What Content-Length says; nothing: the length is not known, or there is nothing to say.
std::optional<std::uint64_t> told_length(const OutgoingRequest& request);

}  // namespace marty::http::internal
