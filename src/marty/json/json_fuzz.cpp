// Any bytes, into a Value and into structs: no crash, and what was read writes to a text that reads back the same.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/json/json.hpp"
#include "marty/json/value.hpp"

namespace {

enum class Color { red, green };

struct Card {
  static constexpr std::string_view tag = "card";
  std::string number = "-";
};
struct Transfer {
  static constexpr std::string_view tag = "transfer";
  int days = 0;
};

struct Everything {
  std::string text = "-";
  std::int16_t number = 0;
  double fraction = 0;
  Color color = Color::red;
  std::optional<bool> flag;
  std::map<std::string, std::vector<int>> lists = {{"", {}}};
  std::variant<Card, Transfer> payment;
  std::variant<std::monostate, int, std::string> loose;
  std::unique_ptr<Everything> next;
  marty::json::Value any = 0;
  std::optional<marty::Timestamp> at;
  std::optional<marty::Decimal> price;
  std::optional<marty::Bytes> photo;
  std::optional<marty::Uuid> id;

  static constexpr auto rules = marty::rules(
      marty::field<&Everything::text>.max_length(20).pattern("^[^x]*$"), marty::field<&Everything::number>.min(-5),
      marty::field<&Everything::payment>.optional(), marty::field<&Everything::loose>.optional());
};

template <class T>
void read_and_write(std::string_view text) {
  T object{};
  marty::Problems problems;
  using marty::reflect::type_of;
  if (!marty::json::parse_into(type_of<T>(), &object, text, {}, marty::json::View::full, problems)) return;
  const std::string written = marty::json::to_string(object);
  if (marty::json::to_string(marty::json::parse<T>(written, {.max_bytes = 16 << 20})) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_and_write<marty::json::Value>(text);
  read_and_write<Everything>(text);
  return 0;
}
