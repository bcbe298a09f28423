#include "marty/web/router.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/web/percent.hpp"

namespace marty::web {
namespace {

using http::Method;

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
  throw Error(Code::invalid_argument,
              "the route pattern \"" + std::string(pattern) + "\" is not valid: " + std::string(why));
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

PatternSegment parse_segment(std::string_view pattern, std::string_view segment) {
  if (segment.find_first_of("{}") == std::string_view::npos) {
    std::string buffer;
    const auto literal = percent_decode(segment, buffer);
    if (!literal) refuse(pattern, "'%' has to be followed by two hexadecimal digits");
    if (segment.find_first_of("?# ") != std::string_view::npos)
      refuse(pattern, "'?', '#' and spaces cannot stand in a path");
    return {PatternSegment::Kind::literal, std::string(*literal)};
  }
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') {
    refuse(pattern, "a parameter is a whole segment, as in /pets/{id}");
  }
  std::string_view name = segment.substr(1, segment.size() - 2);
  const bool wildcard = name.ends_with("...");
  if (wildcard) name.remove_suffix(3);
  if (!is_name(name)) refuse(pattern, "a parameter's name has letters, digits, '_' and '-' only");
  return {wildcard ? PatternSegment::Kind::wildcard : PatternSegment::Kind::parameter, std::string(name)};
}

// The order of the literals of a node.
int compare(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return std::memcmp(left.data(), right.data(), left.size());
}

std::string with_names(const std::vector<PatternSegment>& segments) {
  std::string names;
  for (const PatternSegment& segment : segments) {
    if (segment.kind != PatternSegment::Kind::literal) names += "/" + segment.text;
  }
  return names;
}

}  // namespace

std::string MethodSet::to_string() const {
  std::string text;
  for (unsigned i = 0; i < unsigned(Method::other); ++i) {
    if (!contains(Method(i))) continue;
    if (!text.empty()) text += ", ";
    text += http::method_name(Method(i));
  }
  return text;
}

std::vector<PatternSegment> parse_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') refuse(pattern, "it has to start with '/'");
  std::vector<PatternSegment> segments;
  std::size_t parameters = 0;
  for (std::string_view rest = pattern.substr(1);;) {
    const std::size_t slash = rest.find('/');
    const bool last = slash == std::string_view::npos;
    PatternSegment segment = parse_segment(pattern, rest.substr(0, slash));
    if (segment.kind == PatternSegment::Kind::literal && segment.text.empty() && !last)
      refuse(pattern, "it has an empty segment");
    if (segment.kind == PatternSegment::Kind::wildcard && !last)
      refuse(pattern, "a wildcard can only be the last segment");
    if (segment.kind != PatternSegment::Kind::literal) {
      if (++parameters > RouteMatch::kMaxParameters) refuse(pattern, "it has more than 12 parameters");
      for (const PatternSegment& other : segments) {
        if (other.kind != PatternSegment::Kind::literal && other.text == segment.text)
          refuse(pattern, "a parameter's name is used twice");
      }
    }
    segments.push_back(std::move(segment));
    if (last) return segments;
    rest.remove_prefix(slash + 1);
  }
}

Router::Router() : nodes_(1) {}

void Router::add(Method method, std::string_view pattern, std::uint32_t route) {
  if (method == Method::other) throw Error(Code::invalid_argument, "a route needs one of the standard methods");
  const std::vector<PatternSegment> segments = parse_pattern(pattern);
  std::uint32_t at = 0;
  for (const PatternSegment& segment : segments) at = child(at, segment);
  Node& node = nodes_[at];
  if (node.pattern.empty()) node.pattern = pattern;
  if (with_names(parse_pattern(node.pattern)) != with_names(segments)) {
    throw Error(Code::already_exists, "\"" + std::string(pattern) + "\" and \"" + node.pattern +
                                          "\" take the same paths: give their parameters the same names");
  }
  std::uint32_t& slot = node.routes[std::size_t(method)];
  if (slot != kNone) {
    throw Error(Code::already_exists, std::string(http::method_name(method)) + " \"" + std::string(pattern) +
                                          "\" takes the same requests as " + std::string(http::method_name(method)) +
                                          " \"" + node.pattern + "\", which was registered before");
  }
  slot = route;
  if (pattern.find_first_of("{%") == std::string_view::npos && whole_paths_.find(pattern) == kNone)
    whole_paths_.add(pattern, at);
}

std::uint32_t Router::Literals::find(std::string_view text) const noexcept {
  std::size_t low = 0;
  std::size_t high = entries_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const int order = compare(text, entries_[middle].text);
    if (order == 0) return entries_[middle].node;
    (order < 0 ? high : low) = order < 0 ? middle : middle + 1;
  }
  return kNone;
}

void Router::Literals::add(std::string_view text, std::uint32_t node) {
  const auto place =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return compare(text, entry.text) < 0; });
  entries_.insert(place, Entry{std::string(text), node});
}

std::uint32_t Router::child(std::uint32_t node, const PatternSegment& segment) {
  const auto next = std::uint32_t(nodes_.size());
  if (segment.kind != PatternSegment::Kind::literal) {
    std::uint32_t& slot =
        segment.kind == PatternSegment::Kind::parameter ? nodes_[node].parameter : nodes_[node].wildcard;
    if (slot != kNone) return slot;
    slot = next;
  } else {
    Literals& literals = nodes_[node].literals;
    if (const std::uint32_t found = literals.find(segment.text); found != kNone) return found;
    literals.add(segment.text, next);
  }
  nodes_.emplace_back();
  return next;
}

bool Router::match(Method method, std::string_view path, RouteMatch& match) const noexcept {
  match.parameter_count = 0;
  match.allowed = {};
  // Literals beat everything else, so that nothing does better than a path of literals only.
  const std::uint32_t whole = whole_paths_.find(path);
  if (whole != kNone && finish(nodes_[whole], method, match)) return true;
  if (path.empty() || path.front() != '/') return false;
  return search(0, path.substr(1), method, match);
}

// Each node stands for one way to read the path's beginning, so a search visits a node at most once.
bool Router::search(std::uint32_t at, std::string_view rest, Method method, RouteMatch& match) const noexcept {
  const Node& node = nodes_[at];
  const std::size_t slash = rest.find('/');
  const bool last = slash == std::string_view::npos;
  const std::string_view segment = rest.substr(0, slash);
  const std::string_view behind = last ? std::string_view() : rest.substr(slash + 1);

  if (!node.literals.empty()) {
    std::uint32_t next = node.literals.find(segment);
    if (next == kNone && segment.find('%') != std::string_view::npos) {
      std::string buffer;
      const auto decoded = percent_decode(segment, buffer);
      if (decoded) next = node.literals.find(*decoded);
    }
    if (next != kNone && (last ? finish(nodes_[next], method, match) : search(next, behind, method, match)))
      return true;
  }
  if (search_parameter(node, segment, behind, last, method, match)) return true;
  if (node.wildcard == kNone || match.parameter_count == RouteMatch::kMaxParameters) return false;
  match.push(rest);
  if (finish(nodes_[node.wildcard], method, match)) return true;
  match.pop();
  return false;
}

bool Router::search_parameter(const Node& node, std::string_view segment, std::string_view behind, bool last,
                              Method method, RouteMatch& match) const noexcept {
  if (node.parameter == kNone || segment.empty() || match.parameter_count == RouteMatch::kMaxParameters) return false;
  match.push(segment);
  if (last ? finish(nodes_[node.parameter], method, match) : search(node.parameter, behind, method, match)) return true;
  match.pop();
  return false;
}

bool Router::finish(const Node& node, Method method, RouteMatch& match) const noexcept {
  std::uint32_t route = method == Method::other ? kNone : node.routes[std::size_t(method)];
  if (route == kNone && method == Method::head) route = node.routes[std::size_t(Method::get)];
  if (route != kNone) {
    match.route = route;
    return true;
  }
  for (std::size_t i = 0; i < kMethods; ++i) {
    if (node.routes[i] != kNone) match.allowed.insert(Method(i));
  }
  if (match.allowed.contains(Method::get)) match.allowed.insert(Method::head);
  return false;
}

}  // namespace marty::web
