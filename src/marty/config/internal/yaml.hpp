// YAML 1.2 into Nodes, strictly: one document, maps with unique text keys, no tags. Anchors and aliases are copied,
// within the bounds of Limits, so that no small file becomes a large configuration.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "marty/config/internal/node.hpp"

namespace marty::config::internal {

struct YamlLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 64;
  std::size_t max_nodes = 100'000;  // aliases count as often as they are used
};

// An empty document is null. Otherwise the reason, as "source:line: what is wrong".
std::expected<Node, std::string> parse_yaml(std::string_view text, const std::string& source,
                                            const YamlLimits& limits = {});

// The same of a whole file, which must be a section of keys, or empty.
std::expected<Node, std::string> parse_yaml_file(std::string_view text, const std::string& source);

}  // namespace marty::config::internal
