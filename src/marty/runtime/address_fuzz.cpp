// An address from a configuration file or a command line: what is read must be written back the same.
#include <cstdint>
#include <string_view>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/net.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using marty::runtime::Address;
  Address address;
  try {
    address = Address::parse({reinterpret_cast<const char*>(data), size});
  } catch (const marty::Error& error) {
    MARTY_CHECK(error.code() == marty::Code::invalid_argument);
    return 0;
  }
  MARTY_CHECK(Address::parse(address.to_string()) == address);
  return 0;
}
