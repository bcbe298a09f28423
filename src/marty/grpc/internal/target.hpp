// Target: what a Channel is for, as its user writes it: "shop:8080", "127.0.0.1:8080", "[::1]:8080", several of them
// separated by commas, or "unix:/run/shop.sock".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/net.hpp"

namespace marty::grpc::internal {

struct Target {
  struct Server {
    std::string host;  // without brackets
    std::uint16_t port;
  };
  struct Place {
    runtime::Address address;
    std::string_view name;  // that its certificate has to be for
  };

  std::string text;
  std::string authority;        // as :authority has it: the first server
  std::vector<Server> servers;  // none: a Unix socket

  // On a fiber. What cannot be resolved is left out; throws not_found, unavailable where nothing can.
  std::vector<Place> resolve() const;
};

Target parse_target(std::string_view text);  // throws invalid_argument

}  // namespace marty::grpc::internal
