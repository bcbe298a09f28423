#include "marty/web/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "marty/base/error.hpp"

namespace marty::web {
namespace {

using http::Method;
using ::testing::HasSubstr;

struct Found {
  int route = -1;
  std::vector<std::string> parameters;
  std::string allow;
  bool operator==(const Found&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.route << " " << ::testing::PrintToString(found.parameters) << " " << found.allow;
}

Found find(const Router& router, Method method, std::string_view path) {
  RouteMatch match;
  if (!router.match(method, path, match)) return {-1, {}, match.allowed.to_string()};
  Found found{int(match.route), {}, ""};
  for (std::size_t i = 0; i < match.parameter_count; ++i) found.parameters.emplace_back(match.parameter(i));
  return found;
}

std::string refusal(Router& router, Method method, std::string_view pattern) {
  try {
    router.add(method, pattern, 99);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(RouterTest, finds_a_literal_path) {
  Router router;
  router.add(Method::get, "/", 0);
  router.add(Method::get, "/api/v1/pets", 1);
  EXPECT_EQ(find(router, Method::get, "/"), (Found{0}));
  EXPECT_EQ(find(router, Method::get, "/api/v1/pets"), (Found{1}));
  EXPECT_EQ(find(router, Method::get, "/api/v1/pet"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "/api/v1"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "/api/v1/pets/7"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "*"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, ""), (Found{-1}));
}

TEST(RouterTest, gives_parameters_in_order_as_views_of_the_path) {
  Router router;
  router.add(Method::get, "/users/{user}/pets/{pet}", 3);
  const std::string path = "/users/ann%20b/pets/a+b";
  RouteMatch match;
  ASSERT_TRUE(router.match(Method::get, path, match));
  ASSERT_EQ(match.parameter_count, 2U);
  EXPECT_EQ(match.parameter(0), "ann%20b");
  EXPECT_EQ(match.parameter(0).data(), path.data() + 7);
  EXPECT_EQ(match.parameter(1), "a+b");
}

TEST(RouterTest, a_literal_beats_a_parameter_which_beats_a_wildcard) {
  Router router;
  router.add(Method::get, "/pets/{path...}", 0);
  router.add(Method::get, "/pets/{id}", 1);
  router.add(Method::get, "/pets/search", 2);
  EXPECT_EQ(find(router, Method::get, "/pets/search"), (Found{2}));
  EXPECT_EQ(find(router, Method::get, "/pets/42"), (Found{1, {"42"}}));
  EXPECT_EQ(find(router, Method::get, "/pets/42/photo"), (Found{0, {"42/photo"}}));
  EXPECT_EQ(find(router, Method::get, "/pets/"), (Found{0, {""}}));
  EXPECT_EQ(find(router, Method::get, "/pets"), (Found{-1}));
}

TEST(RouterTest, comes_back_from_a_literal_that_leads_nowhere) {
  Router router;
  router.add(Method::get, "/a/b/c", 0);
  router.add(Method::get, "/a/{x}/d", 1);
  router.add(Method::get, "/{y}/b/{z}/e", 2);
  EXPECT_EQ(find(router, Method::get, "/a/b/d"), (Found{1, {"b"}}));
  EXPECT_EQ(find(router, Method::get, "/a/b/c/e"), (Found{2, {"a", "c"}}));
}

TEST(RouterTest, a_literal_without_the_method_leaves_the_request_to_a_parameter) {
  Router router;
  router.add(Method::post, "/pets/search", 0);
  router.add(Method::get, "/pets/{id}", 1);
  EXPECT_EQ(find(router, Method::get, "/pets/search"), (Found{1, {"search"}}));
  EXPECT_EQ(find(router, Method::del, "/pets/search"), (Found{-1, {}, "GET, HEAD, POST"}));
}

TEST(RouterTest, get_answers_head_unless_head_has_its_own_route) {
  Router router;
  router.add(Method::get, "/pets", 0);
  router.add(Method::get, "/files", 1);
  router.add(Method::head, "/files", 2);
  EXPECT_EQ(find(router, Method::head, "/pets"), (Found{0}));
  EXPECT_EQ(find(router, Method::head, "/files"), (Found{2}));
}

TEST(RouterTest, names_the_allowed_methods) {
  Router router;
  router.add(Method::get, "/pets", 0);
  router.add(Method::post, "/pets", 1);
  EXPECT_EQ(find(router, Method::put, "/pets"), (Found{-1, {}, "GET, HEAD, POST"}));
  EXPECT_EQ(find(router, Method::other, "/pets"), (Found{-1, {}, "GET, HEAD, POST"}));
}

TEST(RouterTest, a_trailing_slash_counts) {
  Router router;
  router.add(Method::get, "/pets", 0);
  router.add(Method::get, "/orders/", 1);
  EXPECT_EQ(find(router, Method::get, "/pets/"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "/orders"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "/orders/"), (Found{1}));
  EXPECT_EQ(find(router, Method::get, "//orders/"), (Found{-1}));
}

TEST(RouterTest, a_parameter_needs_a_segment) {
  Router router;
  router.add(Method::get, "/pets/{id}/photo", 0);
  EXPECT_EQ(find(router, Method::get, "/pets//photo"), (Found{-1}));
}

TEST(RouterTest, compares_literals_percent_decoded) {
  Router router;
  router.add(Method::get, "/caf%C3%A9/menu", 0);
  router.add(Method::get, "/pets", 1);
  EXPECT_EQ(find(router, Method::get, "/caf%c3%a9/menu"), (Found{0}));
  EXPECT_EQ(find(router, Method::get, "/p%65ts"), (Found{1}));
  EXPECT_EQ(find(router, Method::get, "/p%6"), (Found{-1}));
  EXPECT_EQ(find(router, Method::get, "/caf%C3%A9%2Fmenu"), (Found{-1}));
}

TEST(RouterTest, refuses_a_second_route_for_the_same_requests_naming_both) {
  Router router;
  router.add(Method::get, "/pets/{id}", 0);
  EXPECT_THAT(refusal(router, Method::get, "/pets/{id}"), HasSubstr("registered before"));
  const std::string message = refusal(router, Method::del, "/pets/{pet_id}");
  EXPECT_THAT(message, HasSubstr("\"/pets/{pet_id}\""));
  EXPECT_THAT(message, HasSubstr("\"/pets/{id}\""));
  EXPECT_EQ(refusal(router, Method::del, "/pets/{id}"), "");
}

TEST(RouterTest, refuses_malformed_patterns_saying_why) {
  Router router;
  EXPECT_THAT(refusal(router, Method::get, "pets"), HasSubstr("start with '/'"));
  EXPECT_THAT(refusal(router, Method::get, ""), HasSubstr("start with '/'"));
  EXPECT_THAT(refusal(router, Method::get, "/pets//x"), HasSubstr("empty segment"));
  EXPECT_THAT(refusal(router, Method::get, "/pets/{}"), HasSubstr("whole segment"));
  EXPECT_THAT(refusal(router, Method::get, "/pets/pet-{id}"), HasSubstr("whole segment"));
  EXPECT_THAT(refusal(router, Method::get, "/pets/{i d}"), HasSubstr("letters"));
  EXPECT_THAT(refusal(router, Method::get, "/{path...}/x"), HasSubstr("last segment"));
  EXPECT_THAT(refusal(router, Method::get, "/{id}/x/{id}"), HasSubstr("twice"));
  EXPECT_THAT(refusal(router, Method::get, "/pets?x=1"), HasSubstr("'?'"));
  EXPECT_THAT(refusal(router, Method::get, "/%zz"), HasSubstr("hexadecimal"));
  EXPECT_THAT(refusal(router, Method::get, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}"), HasSubstr("12"));
  EXPECT_THAT(refusal(router, Method::other, "/pets"), HasSubstr("standard methods"));
}

// A linear reference: the route among `patterns` that wins by the rules of the header.
struct Reference {
  std::vector<std::string> patterns;

  static std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    for (std::string_view rest = path.substr(1);;) {
      const auto slash = rest.find('/');
      segments.emplace_back(rest.substr(0, slash));
      if (slash == std::string_view::npos) return segments;
      rest.remove_prefix(slash + 1);
    }
  }
  // Rank per segment: 0 literal, 1 parameter, 2 wildcard; empty where it does not match.
  static std::string rank(const std::string& pattern, const std::string& path) {
    const auto wanted = split(pattern);
    const auto given = split(path);
    std::string ranks;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].ends_with("...}")) return i < given.size() ? ranks + '2' : "";
      if (i >= given.size()) return "";
      const bool parameter = wanted[i].starts_with('{');
      if (parameter ? given[i].empty() : wanted[i] != given[i]) return "";
      ranks += parameter ? '1' : '0';
    }
    return wanted.size() == given.size() ? ranks : "";
  }
  int find(const std::string& path) const {
    int best = -1;
    std::string best_rank;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const std::string ranks = rank(patterns[i], path);
      if (!ranks.empty() && (best < 0 || ranks < best_rank)) best = int(i), best_rank = ranks;
    }
    return best;
  }
};

TEST(RouterTest, agrees_with_a_linear_search_on_random_route_tables) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{"a", "b", "cc", "{p}", "{w...}"};
  const auto pick = [&](std::size_t count) { return std::size_t(random() % count); };
  for (int round = 0; round < 300; ++round) {
    Router router;
    Reference reference;
    for (int i = 0; i < 12; ++i) {
      std::string pattern;
      for (std::size_t depth = 1 + pick(4); depth > 0; --depth) {
        const std::string& piece = pieces[pick(pieces.size())];
        pattern += piece == "{p}" ? "/{p" + std::to_string(std::count(pattern.begin(), pattern.end(), '/')) + "}"
                                  : "/" + piece;
        if (piece == "{w...}") break;
      }
      if (refusal(router, Method::put, pattern).empty()) {
        router.add(Method::get, pattern, std::uint32_t(reference.patterns.size()));
        reference.patterns.push_back(pattern);
      }
    }
    for (int i = 0; i < 50; ++i) {
      std::string path;
      for (std::size_t depth = 1 + pick(5); depth > 0; --depth)
        path += "/" + std::vector<std::string>{"a", "b", "cc", "d", ""}[pick(5)];
      ASSERT_EQ(find(router, Method::get, path).route, reference.find(path)) << path << " round " << round;
    }
  }
}

}  // namespace
}  // namespace marty::web
