// What a tree says of itself: to people, and as a schema.
#pragma once

#include <vector>

#include "marty/config/config.hpp"
#include "marty/config/internal/tree_state.hpp"

namespace marty::config::internal {

std::vector<Setting> settings_of(const TreeState& state);
std::vector<ExactLayer> exact_layers_of(const TreeState& state, std::string_view key);
json::Value schema_of(const TreeState& state);

}  // namespace marty::config::internal
