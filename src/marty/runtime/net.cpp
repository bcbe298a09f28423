#include "marty/runtime/net.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace {

internal::Driver& driver() { return internal::Scheduler::current().driver(); }

bool is_ip(const std::string& host) noexcept {
  std::uint8_t bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

Listener listen(const Address& address, const ListenOptions& options) { return driver().listen(address, options); }

Socket connect(const Address& address) { return driver().connect(address); }

Socket connect(std::string_view host, std::uint16_t port) {
  const std::vector<Address> addresses = resolve(host, port);
  for (std::size_t i = 0;; ++i) {
    try {
      return connect(addresses.at(i));
    } catch (const Error& error) {
      if (error.code() != Code::unavailable || i + 1 == addresses.size()) throw;
    }
  }
}

std::vector<Address> resolve(std::string_view host, std::uint16_t port) {
  if (is_ip(std::string(host))) return {Address::ip(host, port)};
  return driver().resolve(host, port);
}

}  // namespace marty::runtime
