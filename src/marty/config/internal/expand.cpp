#include "marty/config/internal/expand.hpp"

#include <algorithm>
#include <ranges>

#include "marty/base/error.hpp"
#include "marty/config/internal/plugin_files.hpp"

namespace marty::config::internal {
namespace {

constexpr int kMaxNesting = 16;
constexpr std::size_t kMaxExpandedBytes = 1 << 20;
constexpr std::string_view kSecret = "SECRET:";

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Whether the key of a secret is one below the prefix, whatever a store makes of "." and "..".
bool is_below(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix)) return false;
  for (const auto part : std::views::split(key, '/')) {
    const std::string_view name(part);
    if (name.empty() || name == "." || name == "..") return false;
  }
  return true;
}

// Where a text ends: at its own end, at the brace of the reference around it, or also before its default.
enum class Until { end, brace, brace_or_default };

// Replaces the references of one value.
class Expander {
 public:
  using Result = std::expected<std::string, std::string>;

  Expander(std::string_view text, const Variables& variables, const FindSecret& find_secret, std::string_view plugin)
      : rest_(text), variables_(variables), find_secret_(find_secret), plugin_(plugin) {}

  bool has_secret() const { return has_secret_; }

  // What stops it is left: the brace, or ":-".
  Result expand(Until until) {
    std::string out;
    const auto fail = [&](std::string reason) { return clear(out), Result(std::unexpected(std::move(reason))); };
    while (!rest_.empty()) {
      if (rest_.starts_with("$${")) {
        out += "${";
        rest_.remove_prefix(3);
      } else if (rest_.starts_with("${")) {
        Result value = reference();
        if (!value) return fail(value.error());
        if (out.size() + value->size() > kMaxExpandedBytes) return fail("expands to more than 1 MiB");
        append(out, *value);
      } else if (until != Until::end && rest_.front() == '}') {
        return out;
      } else if (until == Until::brace_or_default && rest_.starts_with(":-")) {
        return out;
      } else {
        append(out, rest_.substr(0, 1));
        rest_.remove_prefix(1);
      }
    }
    return until == Until::end ? Result(std::move(out)) : fail(std::string(kUnclosed));
  }

 private:
  static constexpr std::string_view kUnclosed = "has a reference without its closing '}'";
  static constexpr std::string_view kMalformed =
      "has a malformed reference: write ${NAME}, ${NAME:-default}, ${SECRET:key}, or $${ for a plain ${";

  static Result wrong(std::string_view reason) { return std::unexpected(std::string(reason)); }

  Result foreign(const std::string& what, const std::string& allowed) const {
    return std::unexpected("needs the " + what + ", but the file of the plugin " + std::string(plugin_) +
                           " may only name " + allowed);
  }

  // Where the text moves to, what it leaves is cleared: it may be a secret.
  static void append(std::string& out, std::string_view piece) {
    if (out.size() + piece.size() > out.capacity()) {
      std::string larger;
      larger.reserve((out.size() + piece.size()) * 2);
      larger = out;
      out.swap(larger);
      clear(larger);
    }
    out += piece;
  }

  Result reference() {
    if (++nesting_ > kMaxNesting) return wrong("nests more than 16 references");
    rest_.remove_prefix(2);
    Result result = rest_.starts_with(kSecret) ? secret() : variable();
    if (result) rest_.remove_prefix(1);  // the closing brace
    --nesting_;
    return result;
  }

  Result variable() {
    const std::size_t end = rest_.find_first_of(":}");
    if (end == std::string_view::npos) return wrong(kUnclosed);
    const std::string name(rest_.substr(0, end));
    const bool has_default = rest_.substr(end).starts_with(":-");
    if (!is_variable_name(name) || (rest_[end] == ':' && !has_default)) return wrong(kMalformed);
    if (!plugin_.empty() && !name.starts_with(variable_prefix(plugin_)))
      return foreign("environment variable " + name, "variables that begin with " + variable_prefix(plugin_));
    rest_.remove_prefix(end + (has_default ? 2 : 0));
    const auto found = variables_.find(name);
    const bool missing = found == variables_.end() || (has_default && found->second.empty());
    if (missing && has_default) return expand(Until::brace);
    if (missing) return std::unexpected("needs the environment variable " + name + ", which is not set");
    if (has_default && !skip_default()) return wrong(kUnclosed);
    return found->second;
  }

  Result secret() {
    rest_.remove_prefix(kSecret.size());
    const bool was_secret = has_secret_;
    const Result key = expand(Until::brace_or_default);
    if (!key) return key;
    if (has_secret_ != was_secret) return wrong("has a secret in the name of a secret");
    if (!plugin_.empty() && !is_below(*key, secret_prefix(plugin_)))
      return foreign("secret " + *key, "secrets below " + secret_prefix(plugin_));
    const bool has_default = rest_.starts_with(":-");
    if (has_default) rest_.remove_prefix(2);
    if (!find_secret_) return std::unexpected("needs the secret " + *key + ", and secrets cannot be used here");
    try {
      const Secret found = find_secret_(*key);
      has_secret_ = true;
      if (has_default && !skip_default()) return wrong(kUnclosed);
      return std::string(found.reveal());
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      if (error.code() == Code::not_found && has_default) return has_secret_ = true, expand(Until::brace);
      return std::unexpected("needs the secret " + *key + ": " + error.message());
    }
  }

  // A default that is not needed may name what is not there.
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
  const FindSecret& find_secret_;
  const std::string_view plugin_;
  int nesting_ = 0;
  bool has_secret_ = false;
};

}  // namespace

std::expected<Expanded, std::string> expand(std::string_view text, const Variables& variables,
                                            const FindSecret& find_secret, std::string_view plugin) {
  Expander expander(text, variables, find_secret, plugin);
  Expander::Result result = expander.expand(Until::end);
  if (!result) return std::unexpected(std::move(result.error()));
  return Expanded{std::move(*result), expander.has_secret()};
}

}  // namespace marty::config::internal
