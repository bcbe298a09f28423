// Random objects, random texts and random damage, all from fixed seeds.
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "bench/order.hpp"
#include "marty/base/uuid.hpp"
#include "marty/json/json.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::json {
namespace {

enum class Level : std::int8_t { low = -1, middle, high };

struct Leaf {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint16_t small = 0;
  std::int64_t large = 0;
  std::uint64_t unsigned_large = 0;
  float narrow = 0;
  double wide = 0;
  std::string text = "-";
  Level level = Level::low;
  Uuid uuid;
  static constexpr auto rules = marty::rules(marty::field<&Leaf::uuid>.optional());
};

struct Branch {
  std::vector<Leaf> leaves;
  std::map<std::string, Leaf> named;
  std::vector<Branch> children;
  std::optional<Leaf> maybe;
  std::unique_ptr<Branch> pointer;
  std::variant<std::monostate, std::int64_t, std::string, std::vector<int>> variant;
  static constexpr auto rules =
      marty::rules(marty::field<&Branch::leaves>.optional(), marty::field<&Branch::named>.optional(),
                   marty::field<&Branch::children>.optional(), marty::field<&Branch::variant>.optional());
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t limit) { return engine_() % limit; }

  // Bits of any pattern: every limit of an integer and every exponent of a double turns up.
  template <class Number>
  Number number() {
    std::uint64_t bits = engine_() >> below(64);
    if (below(2) == 0) bits = ~bits;
    Number value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  template <class Number>
  Number finite() {
    for (;;) {
      if (const Number value = number<Number>(); std::isfinite(value)) return value;
    }
  }

  std::string text() {
    static const std::string kPieces[] = {"a",
                                          "\"",
                                          "\\",
                                          "\n",
                                          std::string(1, '\0'),
                                          "\x7F",
                                          "\xC3\xA4",
                                          "\xE2\x82\xAC",
                                          "\xF0\x9F\x90\xBE",
                                          "plain text of some length"};
    std::string text;
    for (std::size_t i = below(6); i > 0; --i) text += kPieces[below(std::size(kPieces))];
    return text;
  }

  Leaf leaf() {
    Leaf leaf{below(2) == 0,
              number<std::int8_t>(),
              number<std::uint16_t>(),
              number<std::int64_t>(),
              number<std::uint64_t>(),
              finite<float>(),
              finite<double>(),
              text(),
              static_cast<Level>(static_cast<int>(below(3)) - 1),
              {}};
    leaf.uuid = Uuid::v7(number<std::uint64_t>(), {});
    return leaf;
  }

  Branch branch(int depth) {
    Branch branch;
    for (std::size_t i = below(3); i > 0; --i) branch.leaves.push_back(leaf());
    for (std::size_t i = below(3); i > 0; --i) branch.named[text()] = leaf();
    if (below(2) == 0) branch.maybe = leaf();
    if (depth > 0) {
      for (std::size_t i = below(3); i > 0; --i) branch.children.push_back(this->branch(depth - 1));
      if (below(2) == 0) branch.pointer = std::make_unique<Branch>(this->branch(depth - 1));
    }
    switch (below(4)) {
      case 0:
        branch.variant = number<std::int64_t>();
        break;
      case 1:
        branch.variant = text();
        break;
      case 2:
        branch.variant = std::vector<int>{1, 2};
        break;
      default:
        break;
    }
    return branch;
  }

 private:
  std::mt19937_64 engine_;
};

TEST(JsonProperty, random_objects_read_back_to_the_same_text) {
  Random random(1);
  for (int i = 0; i < 60; ++i) {
    const std::string text = to_string(random.branch(3));
    EXPECT_EQ(to_string(parse<Branch>(text)), text);
  }
}

TEST(JsonProperty, a_value_and_a_struct_hold_the_same_document) {
  Random random(2);
  for (int i = 0; i < 30; ++i) {
    const std::string text = to_string(random.branch(2));
    const Value value = Value::parse(text);
    EXPECT_EQ(Value::parse(value.to_string()), value);
    EXPECT_EQ(to_string(parse<Branch>(value.to_string())), text);
  }
}

TEST(JsonProperty, white_space_between_tokens_changes_nothing) {
  Random random(3);
  for (int i = 0; i < 30; ++i) {
    const std::string text = to_string(random.branch(2));
    std::string spaced;
    bool in_string = false;
    for (std::size_t p = 0; p < text.size(); ++p) {
      const bool structural = !in_string && std::string_view("{}[],:").find(text[p]) != std::string_view::npos;
      if (structural) spaced += " \n";
      spaced += text[p];
      if (structural) spaced += "\t\r ";
      if (in_string && text[p] == '\\') {
        spaced += text[++p];
      } else if (text[p] == '"') {
        in_string = !in_string;
      }
    }
    EXPECT_EQ(to_string(parse<Branch>(spaced, {.max_bytes = 10 << 20})), text);
  }
}

TEST(JsonProperty, every_prefix_of_a_document_is_refused) {
  for (std::size_t size = 0; size < bench::kOrderText.size(); ++size) {
    // A heap block of exactly this size: a sanitizer sees any read behind it.
    const std::vector<char> prefix(bench::kOrderText.begin(),
                                   bench::kOrderText.begin() + static_cast<std::ptrdiff_t>(size));
    bench::Order order{};
    Problems problems;
    EXPECT_FALSE(parse_into(reflect::type_of<bench::Order>(), &order, {prefix.data(), size}, {}, View::full, problems));
  }
}

TEST(JsonProperty, damaged_documents_are_refused_or_give_a_valid_object) {
  Random random(4);
  int accepted = 0;
  for (int i = 0; i < 4'000; ++i) {
    std::string text(bench::kOrderText);
    for (std::size_t damage = 1 + random.below(3); damage > 0; --damage) {
      const std::size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1 + random.below(20));
          break;
        case 2:
          text.insert(at, text.substr(random.below(text.size()), random.below(30)));
          break;
        default:
          text.insert(at, 1, "{}[]\",:0-.eE\\"[random.below(13)]);
          break;
      }
      if (text.empty()) text = " ";
    }
    bench::Order order{};
    Problems problems;
    if (!parse_into(reflect::type_of<bench::Order>(), &order, text, {}, View::full, problems)) continue;
    ++accepted;
    EXPECT_EQ(reflect::validate(order).size(), 0u) << text;
    EXPECT_EQ(to_string(parse<bench::Order>(to_string(order))), to_string(order)) << text;
  }
  EXPECT_GT(accepted, 20) << "the damage is too hard to test anything";
}

TEST(JsonProperty, doubles_have_the_shortest_digits_that_read_back_equal) {
  Random random(7);
  const auto shortest = [](double number) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  };
  const auto check = [&](double number) { ASSERT_EQ(to_string(number), shortest(number)); };
  for (int i = 0; i < 100'000; ++i) {
    if (const double number = random.number<double>(); std::isfinite(number)) check(number);
    const double decimal = static_cast<double>(random.number<std::int64_t>()) / std::pow(10, random.below(18));
    check(decimal);
    check(std::nextafter(decimal, 0));  // its neighbour is not that decimal
  }
  for (int i = 0; i < 20'000; ++i) {
    check(i / 1000.0);
    check(-i / 100.0);
    check(999'999'999'990.0 + i / 1000.0);  // from 1e12 on, another way is taken
  }
}

}  // namespace
}  // namespace marty::json
