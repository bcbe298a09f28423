#include "marty/web/conditional.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>

#include "marty/runtime/time.hpp"
#include "marty/web/http_date.hpp"

namespace marty::web {
namespace {

__extension__ typedef unsigned __int128 Wide;

// Multiply-and-fold over words of eight bytes.
std::uint64_t hash(std::string_view content) noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Wide>(a) * b;
    return std::uint64_t(product) ^ std::uint64_t(product >> 64);
  };
  std::uint64_t state = content.size() * kOdd + 1;
  for (; content.size() >= 8; content.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, content.data(), 8);
    state = mix(state ^ word, kOdd) + word;
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, content.data(), content.size());
  return mix(state ^ rest, kOdd ^ 0xD1B54A32D192ED03ULL);
}

std::string_view opaque(std::string_view etag) noexcept { return etag.starts_with("W/") ? etag.substr(2) : etag; }

std::optional<Timestamp> date_header(const http::Request& request, std::string_view name) {
  const auto text = request.headers.find(name);
  return text ? parse_http_date(*text, runtime::wall_now()) : std::nullopt;
}

// HTTP dates have whole seconds.
Timestamp to_seconds(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

std::string make_etag(std::string_view content) {
  constexpr char kDigits[] = "0123456789abcdef";
  const std::uint64_t value = hash(content);
  std::string etag(18, '"');
  for (int i = 0; i < 16; ++i) etag[std::size_t(i) + 1] = kDigits[(value >> (60 - 4 * i)) & 15];
  return etag;
}

bool has_etag(const http::ListField& list, std::string_view etag, Comparison comparison) noexcept {
  const bool weak = comparison == Comparison::weak;
  for (const std::string_view element : list.with(http::Backslash::literal)) {
    if (element == "*") return true;
    if (etag.empty()) continue;
    if (weak ? opaque(element) == opaque(etag) : element == etag && !etag.starts_with("W/")) return true;
  }
  return false;
}

std::optional<int> precondition(const http::Request& request, const Validators& validators) {
  if (request.headers.has("if-match")) {
    if (!has_etag(request.list("if-match"), validators.etag, Comparison::strong)) return 412;
  } else if (const auto since = date_header(request, "if-unmodified-since"); since && validators.last_modified) {
    if (to_seconds(*validators.last_modified) > *since) return 412;
  }
  const bool read = request.method == http::Method::get || request.method == http::Method::head;
  if (request.headers.has("if-none-match")) {
    if (has_etag(request.list("if-none-match"), validators.etag, Comparison::weak)) return read ? 304 : 412;
  } else if (read && validators.last_modified) {
    const auto since = date_header(request, "if-modified-since");
    if (since && to_seconds(*validators.last_modified) <= *since) return 304;
  }
  return std::nullopt;
}

bool range_applies(const http::Request& request, const Validators& validators) {
  const auto condition = request.headers.find("if-range");
  if (!condition) return true;
  if (condition->starts_with('"') || condition->starts_with("W/")) {
    return !condition->starts_with("W/") && *condition == validators.etag;
  }
  const auto date = parse_http_date(*condition, runtime::wall_now());
  return date && validators.last_modified && to_seconds(*validators.last_modified) == *date;
}

}  // namespace marty::web
