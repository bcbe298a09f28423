#include "marty/grpc/internal/timeout.hpp"

#include <charconv>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc::internal {
namespace {

using Nanoseconds = std::int64_t;

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kMaxValue = 99'999'999;  // eight digits

struct Unit {
  char letter;
  Nanoseconds size;
};
constexpr Unit kUnits[] = {{'n', 1},       {'u', 1000},         {'m', 1'000'000},
                           {'S', kSecond}, {'M', 60 * kSecond}, {'H', 3600 * kSecond}};

std::optional<Nanoseconds> digits(std::string_view text, std::size_t most) noexcept {
  if (text.empty() || text.size() > most) return std::nullopt;
  Nanoseconds value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

runtime::Duration times(Nanoseconds value, Nanoseconds unit) noexcept {
  Nanoseconds result = 0;
  return __builtin_mul_overflow(value, unit, &result) ? runtime::Duration::max() : runtime::Duration(result);
}

}  // namespace

std::optional<runtime::Duration> parse_timeout(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto value = digits(text.substr(0, text.size() - 1), 8);
  if (!value) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter == text.back()) return times(*value, unit.size);
  }
  return std::nullopt;
}

std::optional<runtime::Duration> parse_timeout_ms(std::string_view text) noexcept {
  const auto value = digits(text, 10);
  if (!value) return std::nullopt;
  return times(*value, 1'000'000);
}

void throw_if_late() {
  const runtime::TimePoint deadline = runtime::deadline();
  if (deadline != runtime::kNever && deadline <= runtime::now())
    throw Error(Code::deadline_exceeded, "the caller's deadline passed before its call was handled");
}

TimeoutText format_timeout(runtime::Duration left) noexcept {
  const Nanoseconds nanoseconds = left.count() > 0 ? left.count() : 0;
  TimeoutText result{};
  for (const Unit& unit : kUnits) {
    const Nanoseconds value = nanoseconds / unit.size + (nanoseconds % unit.size != 0 ? 1 : 0);
    if (value > kMaxValue && unit.letter != 'H') continue;
    char* const end = std::to_chars(result.text, result.text + 10, value).ptr;
    *end = unit.letter;
    result.size = static_cast<std::size_t>(end + 1 - result.text);
    break;
  }
  return result;
}

}  // namespace marty::grpc::internal
