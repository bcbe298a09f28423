// The logger of this module.
#pragma once

#include "marty/telemetry/log.hpp"

namespace marty::http::internal {

inline constexpr Logger kLog("marty.http");

}  // namespace marty::http::internal
