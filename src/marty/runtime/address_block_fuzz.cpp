// A block of addresses from a configuration file: what is read must be written back the same, and contains its own
// address.
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/address_block.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using marty::runtime::Address;
  using marty::runtime::AddressBlock;
  AddressBlock block;
  try {
    block = AddressBlock::parse({reinterpret_cast<const char*>(data), size});
  } catch (const marty::Error& error) {
    MARTY_CHECK(error.code() == marty::Code::invalid_argument);
    return 0;
  }
  const std::string text = block.to_string();
  MARTY_CHECK(AddressBlock::parse(text) == block);
  if (text == "any" || text == "unix") return 0;
  const Address own = Address::ip(std::string_view(text).substr(0, text.find('/')), 1);
  MARTY_CHECK(block.contains(own));
  return 0;
}
