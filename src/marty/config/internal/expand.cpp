#include "marty/config/internal/expand.hpp"

#include <algorithm>

namespace marty::config::internal {
namespace {

constexpr int kMaxNesting = 16;
constexpr std::size_t kMaxExpandedBytes = 1 << 20;

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Replaces the references of one value.
class Expander {
 public:
  Expander(std::string_view text, const Variables& variables) : rest_(text), variables_(variables) {}

  // Up to the end, or in a default up to its closing brace.
  std::expected<std::string, std::string> expand(bool in_default) {
    std::string out;
    while (!rest_.empty()) {
      if (rest_.starts_with("$${")) {
        out += "${";
        rest_.remove_prefix(3);
      } else if (rest_.starts_with("${")) {
        const auto value = reference();
        if (!value) return value;
        out += *value;
        if (out.size() > kMaxExpandedBytes) return std::unexpected("expands to more than 1 MiB");
      } else if (in_default && rest_.front() == '}') {
        return out;
      } else {
        out += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    return in_default ? unclosed() : std::expected<std::string, std::string>(std::move(out));
  }

 private:
  static std::expected<std::string, std::string> unclosed() {
    return std::unexpected("has a reference without its closing '}'");
  }

  std::expected<std::string, std::string> reference() {
    if (++nesting_ > kMaxNesting) return std::unexpected("nests more than 16 references");
    rest_.remove_prefix(2);
    const std::size_t end = rest_.find_first_of(":}");
    if (end == std::string_view::npos) return unclosed();
    const std::string name(rest_.substr(0, end));
    const bool has_default = rest_.substr(end).starts_with(":-");
    if (name == "SECRET" && rest_[end] == ':') {
      return std::unexpected("is a secret reference (${SECRET:...}), and no secret backend is part of this program");
    }
    if (!is_variable_name(name) || (rest_[end] == ':' && !has_default)) {
      return std::unexpected("has a malformed reference: write ${NAME}, ${NAME:-default}, or $${ for a plain ${");
    }
    rest_.remove_prefix(end + (has_default ? 2 : 0));
    const auto result = has_default ? with_default(name) : plain(name);
    if (result) rest_.remove_prefix(1);  // the closing brace
    --nesting_;
    return result;
  }

  std::expected<std::string, std::string> plain(const std::string& name) const {
    const auto found = variables_.find(name);
    if (found != variables_.end()) return found->second;
    return std::unexpected("needs the environment variable " + name + ", which is not set");
  }

  std::expected<std::string, std::string> with_default(const std::string& name) {
    const auto found = variables_.find(name);
    if (found == variables_.end() || found->second.empty()) return expand(true);
    if (!skip_default()) return unclosed();
    return found->second;
  }

  // A default that is not needed may name variables that are not set.
  bool skip_default() {
    int depth = 0;
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      if (rest_.starts_with("${")) ++depth;
      if (rest_.front() == '}' && depth-- == 0) return true;
    }
    return false;
  }

  std::string_view rest_;
  const Variables& variables_;
  int nesting_ = 0;
};

}  // namespace

std::expected<std::string, std::string> expand(std::string_view text, const Variables& variables) {
  return Expander(text, variables).expand(false);
}

}  // namespace marty::config::internal
