#include "marty/base/uuid.hpp"

#include <unordered_set>

namespace marty {
namespace {

struct Pet;
using PetId = Id<Pet>;

constexpr std::string_view kText = "018f4e6e-4a5b-7c1d-8e2f-0123456789ab";

TEST(Uuid, text_reads_back_equal_and_comes_out_in_lower_case) {
  EXPECT_EQ(Uuid::parse(kText)->to_string(), kText);
  EXPECT_EQ(Uuid::parse("018F4E6E-4A5B-7C1D-8E2F-0123456789AB")->to_string(), kText);
  EXPECT_EQ(Uuid().to_string(), "00000000-0000-0000-0000-000000000000");
  EXPECT_TRUE(Uuid().is_nil());
}

TEST(Uuid, anything_but_the_canonical_form_is_refused) {
  for (const std::string_view text : {"", "018f4e6e4a5b7c1d8e2f0123456789ab", "{018f4e6e-4a5b-7c1d-8e2f-0123456789ab}",
                                      "018f4e6e-4a5b-7c1d-8e2f-0123456789a", "018f4e6e-4a5b-7c1d-8e2f-0123456789abc",
                                      "018f4e6e-4a5b-7c1d-8e2f-0123456789ag", "018f4e6e-4a5b-7c1d-8e2f_0123456789ab",
                                      "018f4e6-e4a5b-7c1d-8e2f-0123456789ab", " 18f4e6e-4a5b-7c1d-8e2f-0123456789ab",
                                      "018f4e6e-4a5b-7c1d-8e2f-0123456789\xC3\xA4"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

// The example of RFC 9562, appendix A.6.
TEST(Uuid, version_7_holds_the_milliseconds_then_the_randomness) {
  const Uuid uuid = Uuid::v7(0x017F22E279B0, {0xCC, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F});
  EXPECT_EQ(uuid.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(uuid.version(), 7);
}

TEST(Uuid, version_7_sorts_by_time) {
  const std::array<std::uint8_t, 10> high = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, low = {};
  EXPECT_LT(Uuid::v7(1000, high), Uuid::v7(1001, low));
}

TEST(Id, an_id_of_one_kind_is_no_id_of_another) {
  struct Owner;
  static_assert(!std::is_convertible_v<Id<Owner>, PetId>);
  static_assert(!std::is_convertible_v<Uuid, PetId>);
  EXPECT_EQ(PetId::parse(kText)->to_string(), kText);
  EXPECT_FALSE(PetId::parse("1"));
}

TEST(Id, equal_ids_hash_equal) {
  std::unordered_set<PetId> ids = {*PetId::parse(kText), PetId()};
  EXPECT_TRUE(ids.contains(*PetId::parse(kText)));
  EXPECT_EQ(ids.size(), 2u);
}

}  // namespace
}  // namespace marty
