// What a receiver may answer, whatever it is.
#include <cstddef>
#include <cstdint>

#include "marty/base/check.hpp"
#include "marty/base/strings.hpp"
#include "marty/otlp/internal/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty;
  using namespace marty::otlp::internal;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  MARTY_CHECK(is_utf8(read_partial_success(bytes).message));
  MARTY_CHECK(is_utf8(read_status_message(bytes)));
  const auto is_bounded = [](const auto& delay) {
    return !delay || (*delay >= runtime::Duration::zero() && *delay < std::chrono::minutes(6));
  };
  MARTY_CHECK(is_bounded(read_retry_delay(bytes)));
  MARTY_CHECK(is_bounded(read_retry_after(bytes, Timestamp())));
  return 0;
}
