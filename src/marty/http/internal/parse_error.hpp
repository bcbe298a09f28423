// What is wrong with bytes from the network, and which reply that deserves.
#pragma once

#include <string_view>

#include "marty/base/error.hpp"

namespace marty::http::internal {

// `detail` is a literal: a parser allocates nothing.
struct ParseError {
  int status = 400;
  Code code = Code::invalid_argument;
  std::string_view detail;

  bool operator==(const ParseError&) const = default;
};

constexpr ParseError bad_request(std::string_view detail) { return {400, Code::invalid_argument, detail}; }

enum class Progress { incomplete, complete, failed };

}  // namespace marty::http::internal
