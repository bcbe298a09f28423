#include "marty/otlp/internal/response.hpp"

#include <algorithm>
#include <charconv>

#include "marty/base/strings.hpp"
#include "marty/telemetry/internal/wire_reader.hpp"
#include "marty/web/http_date.hpp"

namespace marty::otlp::internal {
namespace {

using telemetry::internal::WireReader;

constexpr std::int64_t kMaxDelaySeconds = 5 * 60;  // no longer than a batch is kept, whoever says so
constexpr std::size_t kMaxMessageBytes = 1024;

std::string text_of(std::string_view bytes) { return valid_utf8(bytes.substr(0, kMaxMessageBytes)); }

runtime::Duration bounded(std::int64_t seconds, std::int64_t nanoseconds = 0) {
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMaxDelaySeconds)) +
         std::chrono::nanoseconds(std::clamp<std::int64_t>(nanoseconds, 0, 999'999'999));
}

}  // namespace

PartialSuccess read_partial_success(std::string_view response) {
  PartialSuccess result;
  WireReader reader(response);
  while (const auto field = reader.next()) {
    if (field->number != 1) continue;
    WireReader partial(field->bytes);
    while (const auto inner = partial.next()) {
      if (inner->number == 1) result.rejected = static_cast<std::int64_t>(inner->value) < 0 ? 0 : inner->value;
      if (inner->number == 2) result.message = text_of(inner->bytes);
    }
    if (!partial.is_valid()) return {};
  }
  return reader.is_valid() ? result : PartialSuccess();
}

std::string read_status_message(std::string_view status) {
  std::string message;
  WireReader reader(status);
  while (const auto field = reader.next()) {
    if (field->number == 2) message = text_of(field->bytes);
  }
  return reader.is_valid() ? message : std::string();
}

std::optional<runtime::Duration> read_retry_delay(std::string_view retry_info) {
  std::optional<runtime::Duration> delay;
  WireReader reader(retry_info);
  while (const auto field = reader.next()) {
    if (field->number != 1) continue;
    std::int64_t seconds = 0, nanoseconds = 0;
    WireReader duration(field->bytes);
    while (const auto inner = duration.next()) {
      if (inner->number == 1) seconds = static_cast<std::int64_t>(inner->value);
      if (inner->number == 2) nanoseconds = static_cast<std::int64_t>(inner->value);
    }
    if (!duration.is_valid()) return std::nullopt;
    delay = bounded(seconds, nanoseconds);
  }
  return reader.is_valid() ? delay : std::nullopt;
}

std::optional<runtime::Duration> read_retry_after(std::string_view header, Timestamp now) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (!header.empty() && parsed.ec == std::errc() && parsed.ptr == header.data() + header.size())
    return bounded(seconds);
  const auto date = web::parse_http_date(header, now);
  if (!date) return std::nullopt;
  return bounded(std::chrono::ceil<std::chrono::seconds>(*date - now).count());
}

}  // namespace marty::otlp::internal
