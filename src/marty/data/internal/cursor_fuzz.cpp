// Cursors come from outside: any text is refused or gives the number of values that was asked for.
#include <cstddef>
#include <cstdint>

#include "marty/base/check.hpp"
#include "marty/data/internal/cursor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::data;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t count = 0; count < 3; ++count) {
    const auto values = internal::decode_cursor(text, 1, count);
    if (!values) continue;
    MARTY_CHECK(values->size() == count);
    MARTY_CHECK(internal::encode_cursor(1, *values) == text);
  }
  return 0;
}
