#include "marty/reflect/rules.hpp"

#include <map>
#include <optional>

#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::reflect {
namespace {

enum class Size { small, large };

struct Sample {
  std::string name = "Rex";
  int age = 5;
  double weight = 1;
  std::uint64_t serial = 1;
  std::optional<int> rating;
  std::string code = "AB1";
  std::string mail = "a@example.com";
  std::string species = "dog";
  std::vector<std::string> tags = {"a"};
  std::map<std::string, int> counts = {{"a", 1}};

  static constexpr auto rules =
      marty::rules(marty::describe("Everything that rules can say"),                                   //
                   marty::field<&Sample::name>.length(2, 5).example("Bello").description("The name"),  //
                   marty::field<&Sample::age>.range(0, 30).example(3),                                 //
                   marty::field<&Sample::weight>.greater_than(0).less_than(100.5),                     //
                   marty::field<&Sample::serial>.max(UINT64_MAX - 1),                                  //
                   marty::field<&Sample::rating>.range(1, 5),                                          //
                   marty::field<&Sample::code>.pattern("^[A-Z]+[0-9]$"),                               //
                   marty::field<&Sample::mail>.format("email"),                                        //
                   marty::field<&Sample::species>.one_of("dog", "cat", "parrot"),                      //
                   marty::field<&Sample::tags>.items(1, 3).unique(),                                   //
                   marty::field<&Sample::counts>.max_items(2));
};

// The problems of a Sample after `change`, as "pointer message".
std::vector<std::string> problems(auto change) {
  Sample sample;
  change(sample);
  std::vector<std::string> all;
  for (const FieldError& error : validate(sample)) all.push_back(error.pointer + " " + error.message);
  return all;
}

using Problem = std::vector<std::string>;

TEST(Rules, an_object_that_keeps_them_has_no_problems) {
  EXPECT_EQ(problems([](Sample&) {}), Problem{});
}

TEST(Rules, length_counts_code_points) {
  EXPECT_EQ(problems([](Sample& s) { s.name = "x"; }), Problem{"/name must have 2 to 5 characters"});
  EXPECT_EQ(problems([](Sample& s) { s.name = "sechse"; }), Problem{"/name must have 2 to 5 characters"});
  EXPECT_EQ(problems([](Sample& s) { s.name = "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xE2\x82\xAC"; }), Problem{});
  EXPECT_EQ(problems([](Sample& s) { s.name = "\xF0\x9F\x90\xBE"; }), Problem{"/name must have 2 to 5 characters"});
}

TEST(Rules, range_includes_its_ends_and_the_strict_bounds_do_not) {
  EXPECT_EQ(problems([](Sample& s) { s.age = 0; }), Problem{});
  EXPECT_EQ(problems([](Sample& s) { s.age = 30; }), Problem{});
  EXPECT_EQ(problems([](Sample& s) { s.age = -1; }), Problem{"/age must be at least 0"});
  EXPECT_EQ(problems([](Sample& s) { s.age = 31; }), Problem{"/age must be at most 30"});
  EXPECT_EQ(problems([](Sample& s) { s.weight = 0; }), Problem{"/weight must be greater than 0"});
  EXPECT_EQ(problems([](Sample& s) { s.weight = 100.5; }), Problem{"/weight must be less than 100.5"});
}

TEST(Rules, bounds_of_64_bit_integers_are_exact) {
  EXPECT_EQ(problems([](Sample& s) { s.serial = UINT64_MAX - 1; }), Problem{});
  EXPECT_EQ(problems([](Sample& s) { s.serial = UINT64_MAX; }),
            Problem{"/serial must be at most 18446744073709551614"});
}

TEST(Rules, a_number_that_is_none_keeps_no_range) {
  EXPECT_EQ(problems([](Sample& s) { s.weight = __builtin_nan(""); }), Problem{"/weight must be greater than 0"});
}

TEST(Rules, a_rule_of_an_optional_speaks_of_its_value) {
  EXPECT_EQ(problems([](Sample& s) { s.rating = 6; }), Problem{"/rating must be at most 5"});
  EXPECT_EQ(problems([](Sample& s) { s.rating = 5; }), Problem{});
}

TEST(Rules, pattern_format_and_choices_are_checked) {
  EXPECT_EQ(problems([](Sample& s) { s.code = "AB12"; }), Problem{"/code must match the pattern ^[A-Z]+[0-9]$"});
  EXPECT_EQ(problems([](Sample& s) { s.mail = "nobody"; }), Problem{"/mail must be an email address"});
  EXPECT_EQ(problems([](Sample& s) { s.species = "parot"; }),
            Problem{"/species must be one of dog, cat, parrot; did you mean parrot?"});
}

TEST(Rules, items_are_counted_and_compared) {
  EXPECT_EQ(problems([](Sample& s) { s.tags = {}; }), Problem{"/tags must have 1 to 3 items"});
  EXPECT_EQ(problems([](Sample& s) { s.tags = {"b", "a", "b"}; }), Problem{"/tags must not contain b twice"});
  EXPECT_EQ(problems([](Sample& s) {
              s.counts = {{"a", 1}, {"b", 1}, {"c", 1}};
            }),
            Problem{"/counts must have at most 2 items"});
}

TEST(Rules, all_problems_are_found_at_once) {
  EXPECT_EQ(problems([](Sample& s) { s.age = 99, s.name = "", s.tags.clear(); }).size(), 3u);
}

struct Booking {
  int from = 1;
  int until = 2;
  static constexpr auto rules = marty::rules(marty::field<&Booking::from>.min(0));
  void check(Problems& problems) const {
    if (until <= from) problems.add("/until", "must be after from");
  }
};
struct Calendar {
  std::vector<Booking> bookings;
  std::map<std::string, Booking> named;
};

TEST(Rules, check_runs_for_each_struct_with_valid_fields_and_its_pointers_are_relative) {
  const Calendar calendar{{{1, 2}, {5, 5}, {-1, -5}}, {{"a/b", {3, 1}}}};
  const std::vector<FieldError> expected = {{"/bookings/1/until", "must be after from"},
                                            {"/bookings/2/from", "must be at least 0"},
                                            {"/named/a~1b/until", "must be after from"}};
  EXPECT_EQ(validate(calendar), expected);
}

TEST(Rules, the_list_of_problems_is_bounded) {
  const Calendar calendar{std::vector<Booking>(1000, Booking{5, 5}), {}};
  EXPECT_EQ(validate(calendar).size(), 100u);
}

TEST(Rules, the_text_of_the_problems_is_bounded_too) {
  Problems problems;
  for (int i = 0; i < 50; ++i) problems.add("/a", std::string(Problems::kMaxBytes / 4, 'x'));
  EXPECT_EQ(problems.errors().size(), 4u);
  EXPECT_EQ(problems.size(), 50u) << "all of them count";
}

// Contradictions are found when the description is built.
std::string refusal(const Type& type) {
  try {
    type.object();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    return error.message();
  }
  return "accepted";
}

struct BadDefault {
  int limit = 0;
  static constexpr auto rules = marty::rules(marty::field<&BadDefault::limit>.range(1, 100));
};
struct BadExample {
  std::string name;
  static constexpr auto rules = marty::rules(marty::field<&BadExample::name>.max_length(3).example("Bello"));
};
struct BadEnumExample {
  Size size;
  static constexpr auto rules = marty::rules(marty::field<&BadEnumExample::size>.example("medium"));
};
struct BadPattern {
  std::string code;
  static constexpr auto rules = marty::rules(marty::field<&BadPattern::code>.pattern("("));
};
struct SameName {
  int a, b;
  static constexpr auto rules = marty::rules(marty::field<&SameName::b>.name("a"));
};
struct QuotedName {
  int a = 0;
  static constexpr auto rules = marty::rules(marty::field<&QuotedName::a>.name("a\"b"));
};

TEST(Rules, rules_that_contradict_the_struct_are_refused_by_name) {
  EXPECT_THAT(refusal(type_of<BadDefault>()),
              testing::EndsWith("BadDefault::limit: the default value must be at least 1"));
  EXPECT_THAT(refusal(type_of<BadExample>()),
              testing::EndsWith("BadExample::name: the example \"Bello\" must have at most 3 characters"));
  EXPECT_THAT(refusal(type_of<BadEnumExample>()),
              testing::HasSubstr("the example \"medium\" must be one of small, large"));
  EXPECT_THAT(refusal(type_of<BadPattern>()), testing::HasSubstr("BadPattern::code: pattern \"(\": missing )"));
  EXPECT_THAT(refusal(type_of<SameName>()), testing::HasSubstr("two fields have this name"));
  EXPECT_THAT(refusal(type_of<QuotedName>()), testing::HasSubstr("the name would have to be escaped in JSON"));
}

TEST(Rules, optional_and_name_change_the_field) {
  struct Renamed {
    std::string customer_id;
    std::string note;
  };
  EXPECT_TRUE(type_of<Renamed>().object().find("note")->required);
  EXPECT_EQ(type_of<Sample>().object().description, "Everything that rules can say");
}

// type_of_test.cpp has another struct of this name, whose `second` stands elsewhere.
struct Twin {
  int second = 0;
  std::string first = "x";
  static constexpr auto rules = marty::rules(marty::field<&Twin::second>.range(0, 9));
};

TEST(Rules, of_structs_that_share_their_name_in_two_files_stay_apart) {
  EXPECT_NE(type_of<Twin>().object().find("second")->rules, nullptr);
  EXPECT_EQ(type_of<Twin>().object().find("first")->rules, nullptr);
}

}  // namespace
}  // namespace marty::reflect
