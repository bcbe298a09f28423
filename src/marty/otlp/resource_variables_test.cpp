#include "marty/otlp/resource_variables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace marty::otlp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

ResourceVariables read(std::string attributes, std::string name = "") {
  return resource_variables(
      {{"OTEL_RESOURCE_ATTRIBUTES", std::move(attributes)}, {"OTEL_SERVICE_NAME", std::move(name)}});
}

TEST(ResourceVariables, are_a_list_of_percent_encoded_values) {
  const ResourceVariables said = read("service.version=2.1, team = cats%20%26%2C%20co ,k8s.pod/x%3Dy=caf%C3%A9,a=b=c");
  EXPECT_THAT(said.attributes, ElementsAre(Pair("a", "b=c"), Pair("k8s.pod/x=y", "caf\xc3\xa9"),
                                           Pair("service.version", "2.1"), Pair("team", "cats &, co")));
  EXPECT_THAT(said.problems, ElementsAre());
}

TEST(ResourceVariables, may_have_empty_values_and_members_and_the_last_of_a_name_counts) {
  const ResourceVariables said = read(",a=1,,b=,a=2, ,");
  EXPECT_THAT(said.attributes, ElementsAre(Pair("a", "2"), Pair("b", "")));
  EXPECT_EQ(said.find("a"), "2");
  EXPECT_EQ(said.find("b"), std::nullopt);
  EXPECT_EQ(said.find("c"), std::nullopt);
}

TEST(ResourceVariables, name_the_service_by_the_variable_that_is_for_it) {
  EXPECT_EQ(read("service.name=from-list").find("service.name"), "from-list");
  EXPECT_EQ(read("service.name=from-list", "own %20").find("service.name"), "own %20") << "it is not encoded";
  EXPECT_EQ(resource_variables({}).find("service.name"), std::nullopt);
  EXPECT_THAT(resource_variables({}).problems, ElementsAre());
}

TEST(ResourceVariables, do_not_count_at_all_where_they_are_malformed) {
  for (const char* text :
       {"good=1,bad", "good=1,=bad", "good=1, = bad", "good=1,bad=%", "good=1,bad=%2", "good=1,bad=%zz",
        "good=1,bad=a b", "good=1,b d=a", "good=1,bad=\"a\"", "good=1,bad=a;p=1", "good=1,bad=a\\b", "good=1,bad=a\nb",
        "good=1,bad=a\x7f", "good=1,bad=caf\xc3\xa9", "good=1,bad=%ff", "bad"}) {
    const ResourceVariables said = read(text, "pets");
    EXPECT_THAT(said.attributes, ElementsAre(Pair("service.name", "pets"))) << text;
    EXPECT_THAT(said.problems, ElementsAre(testing::AllOf(HasSubstr("OTEL_RESOURCE_ATTRIBUTES does not count"),
                                                          testing::Not(HasSubstr("bad")))))
        << text;
  }
  const ResourceVariables said = read("service.name=pets", "\xff");
  EXPECT_EQ(said.find("service.name"), "pets");
  EXPECT_THAT(said.problems, ElementsAre(HasSubstr("OTEL_SERVICE_NAME does not count")));
}

}  // namespace
}  // namespace marty::otlp
