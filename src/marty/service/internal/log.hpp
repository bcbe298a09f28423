// The logger of this module.
#pragma once

#include "marty/telemetry/log.hpp"

namespace marty::service {

inline constexpr Logger kLog("marty.service");

}  // namespace marty::service
