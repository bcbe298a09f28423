// Target: what a Channel is for, as its user writes it: "shop:8080", "127.0.0.1:8080", "[::1]:8080",
// "unix:/run/shop.sock".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/net.hpp"

namespace marty::grpc::internal {

struct Target {
  std::string text;
  std::string host;  // without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string authority;  // as :authority has it

  // That a certificate has to be for.
  std::string_view server_name() const noexcept { return host.empty() ? std::string_view(authority) : host; }

  std::vector<runtime::Address> resolve() const;  // on a fiber; throws not_found, unavailable
};

Target parse_target(std::string_view text);  // throws invalid_argument

}  // namespace marty::grpc::internal
