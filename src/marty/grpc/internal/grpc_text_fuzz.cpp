// Everything that gRPC reads from outside as text: grpc-timeout, percent-encoded messages, binary metadata, the details
// of a status, content types, Base64 bodies, Connect's queries, targets. What is read keeps its promises.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/grpc/internal/connect.hpp"
#include "marty/grpc/internal/format.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/grpc/internal/status_details.hpp"
#include "marty/grpc/internal/status_text.hpp"
#include "marty/grpc/internal/target.hpp"
#include "marty/grpc/internal/timeout.hpp"
#include "marty/grpc/internal/trailers.hpp"

namespace marty::grpc::internal {
namespace {

void read_timeouts(std::string_view text) {
  if (const auto timeout = parse_timeout(text)) {
    MARTY_CHECK(*timeout >= runtime::Duration::zero());
    const auto again = parse_timeout(format_timeout(*timeout).view());
    MARTY_CHECK(again && *again >= *timeout);
  }
  if (const auto timeout = parse_timeout_ms(text)) MARTY_CHECK(*timeout >= runtime::Duration::zero());
}

void read_messages(std::string_view text) {
  const std::string message = parse_status_text(text);
  MARTY_CHECK(is_utf8(message));
  std::string written;
  append_status_text(written, message);
  for (const char c : written) MARTY_CHECK(c >= ' ' && c <= '~');
  MARTY_CHECK(parse_status_text(written) == message);
}

void read_binary(std::string_view text) {
  if (const auto bytes = decode_binary(text)) MARTY_CHECK(decode_binary(encode_binary(*bytes)) == bytes);
  const auto values = decode_binaries(text);
  MARTY_CHECK(values.size() <= 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')));
  for (const std::string& value : values) MARTY_CHECK(decode_binaries(encode_binary(value)) == std::vector{value});
  const auto details = read_status_details(text);
  for (const FieldError& field : fields_of(details)) MARTY_CHECK(field.pointer.size() <= 2 * text.size());
}

template <class Function>
void try_it(Function&& function) {
  try {
    function();
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace marty::grpc::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::grpc::internal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_timeouts(text);
  read_messages(text);
  read_binary(text);
  parse_format(text);
  try_it([&] { MARTY_CHECK(decode_web_text(text).size() <= size); });
  try_it([&] { query_format(text); });
  try_it([&] { MARTY_CHECK(query_message(text).bytes.size() <= size); });
  try_it([&] { MARTY_CHECK(parse_target(text).text == text); });
  return 0;
}
