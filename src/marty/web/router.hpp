// Router: from method and path to a route, over a tree of path segments.
//
//   Router router;
//   router.add(Method::get, "/pets/{id}", 7);
//   router.add(Method::get, "/assets/{path...}", 8);
//   RouteMatch match;
//   if (router.match(Method::get, "/pets/42", match)) use(match.route, match.parameter(0));   // 7, "42"
//
// A literal segment beats a parameter, a parameter beats a wildcard; a branch without the method is left for the next
// one. A parameter takes one non-empty segment, a wildcard the rest of the path, which may be empty. A trailing slash
// counts: "/pets/" is not "/pets". GET routes answer HEAD too. Literals are compared percent-decoded (RFC 3986
// section 6.2.2.2); parameters are views of the path as sent. Matching allocates nothing. After the last add() any
// thread may match.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "marty/http/message.hpp"

namespace marty::web {

// A set of methods, for the Allow header.
class MethodSet {
 public:
  void insert(http::Method method) noexcept { bits_ |= bit(method); }
  void insert(MethodSet other) noexcept { bits_ |= other.bits_; }
  bool contains(http::Method method) const noexcept { return (bits_ & bit(method)) != 0; }
  bool empty() const noexcept { return bits_ == 0; }
  std::string to_string() const;  // "GET, HEAD, POST"

 private:
  static std::uint16_t bit(http::Method method) noexcept { return std::uint16_t(1U << unsigned(method)); }
  std::uint16_t bits_ = 0;
};

// One segment of a pattern.
struct PatternSegment {
  enum class Kind : std::uint8_t { literal, parameter, wildcard };
  Kind kind = Kind::literal;
  std::string text;  // the literal, percent-decoded, or the parameter's name
};

// The segments of "/pets/{id}/photos/{path...}". Throws Error(invalid_argument) that quotes the pattern and says what
// is wrong.
std::vector<PatternSegment> parse_pattern(std::string_view pattern);

// What a path matched. Views live as long as the path that was matched.
struct RouteMatch {
  static constexpr std::size_t kMaxParameters = 12;

  std::uint32_t route = 0;
  std::uint32_t parameter_count = 0;
  MethodSet allowed;  // where no route matched: the methods that this path does have

  // In order of the pattern. REQUIRES index < parameter_count.
  std::string_view parameter(std::size_t index) const noexcept {
    return {parameters_[index].data, parameters_[index].size};
  }
  void push(std::string_view parameter) noexcept {
    parameters_[parameter_count++] = {parameter.data(), parameter.size()};
  }
  void pop() noexcept { --parameter_count; }

 private:
  struct Slice {  // a view that costs nothing until it is set: most routes have no parameter
    const char* data;
    std::size_t size;
  };
  std::array<Slice, kMaxParameters> parameters_;
};

class Router {
 public:
  Router();

  // Throws Error: invalid_argument for a malformed pattern, already_exists where another pattern takes the same paths
  // with the same method, or the same paths under other parameter names (both patterns are named).
  void add(http::Method method, std::string_view pattern, std::uint32_t route);

  // True and the route; or false and the methods that the path allows (none: there is no such path).
  bool match(http::Method method, std::string_view path, RouteMatch& match) const noexcept;

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kMethods = std::size_t(http::Method::other);

  // Texts that lead to nodes.
  class Literals {
   public:
    std::uint32_t find(std::string_view text) const noexcept;  // kNone: not there
    void add(std::string_view text, std::uint32_t node);       // REQUIRES that it is not there
    bool empty() const noexcept { return entries_.empty(); }

   private:
    struct Entry {
      std::string text;
      std::uint32_t node;
    };
    std::vector<Entry> entries_;  // by size, then text
  };
  struct Node {
    Literals literals;
    std::uint32_t parameter = kNone;
    std::uint32_t wildcard = kNone;
    std::array<std::uint32_t, kMethods> routes;
    std::string pattern;  // the first one that ended here, for messages
    Node() { routes.fill(kNone); }
  };

  std::uint32_t child(std::uint32_t node, const PatternSegment& segment);
  bool search(std::uint32_t node, std::string_view rest, http::Method method, RouteMatch& match) const noexcept;
  bool search_parameter(const Node& node, std::string_view segment, std::string_view rest, bool last,
                        http::Method method, RouteMatch& match) const noexcept;
  bool finish(const Node& node, http::Method method, RouteMatch& match) const noexcept;

  std::vector<Node> nodes_;  // 0 is the root
  Literals whole_paths_;     // of patterns without parameters, which need no search
};

}  // namespace marty::web
