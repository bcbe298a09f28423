#include "marty/config/internal/expand.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

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
      : text_(text), rest_(text), variables_(variables), find_secret_(find_secret), plugin_(plugin) {}

  bool has_secret() const { return has_secret_; }
  // Reads it all, but looks nothing up: where the defaults of secrets stand, the one around another. The last one ends
  // nowhere where the text is malformed.
  Result scan() {
    ++skipping_;
    return expand(Until::end);
  }
  struct Part {
    std::size_t begin, end;
  };
  const std::vector<Part>& secret_defaults() const { return secret_defaults_; }

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
    if (skipping_ == 0 && !plugin_.empty() && !name.starts_with(variable_prefix(plugin_)))
      return foreign("environment variable " + name, "variables that begin with " + variable_prefix(plugin_));
    rest_.remove_prefix(end + (has_default ? 2 : 0));
    if (skipping_ != 0) return has_default ? expand(Until::brace) : Result();
    const auto found = variables_.find(name);
    const bool missing = found == variables_.end() || (has_default && found->second.empty());
    if (missing && has_default) return expand(Until::brace);
    if (missing) return std::unexpected("needs the environment variable " + name + ", which is not set");
    if (!has_default) return found->second;
    const Result skipped = skip_default();
    return skipped ? found->second : skipped;
  }

  Result secret() {
    rest_.remove_prefix(kSecret.size());
    const bool was_secret = has_secret_;
    const Result key = expand(Until::brace_or_default);
    if (!key) return key;
    if (has_secret_ != was_secret) return wrong("has a secret in the name of a secret");
    if (skipping_ != 0) return skip_secret();
    if (!plugin_.empty() && !is_below(*key, secret_prefix(plugin_)))
      return foreign("secret " + *key, "secrets below " + secret_prefix(plugin_));
    const bool has_default = rest_.starts_with(":-");
    if (has_default) rest_.remove_prefix(2);
    if (!find_secret_) return std::unexpected("needs the secret " + *key + ", and secrets cannot be used here");
    try {
      const Secret found = find_secret_(*key);
      has_secret_ = true;
      if (const Result skipped = has_default ? skip_default() : Result(); !skipped) return skipped;
      return std::string(found.reveal());
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      if (error.code() == Code::not_found && has_default) return has_secret_ = true, expand(Until::brace);
      return std::unexpected("needs the secret " + *key + ": " + error.message());
    }
  }

  // A default that is not needed may name what is not there; but it ends where it would end if it were needed.
  Result skip_default() {
    ++skipping_;
    const Result skipped = expand(Until::brace);
    --skipping_;
    return skipped;
  }

  // Behind the key of a secret that is not looked up.
  Result skip_secret() {
    if (!rest_.starts_with(":-")) return {};
    rest_.remove_prefix(2);
    const bool outermost = secret_defaults_.empty() || secret_defaults_.back().end != text_.size();
    if (outermost) secret_defaults_.push_back({text_.size() - rest_.size(), text_.size()});
    const std::size_t part = secret_defaults_.size() - 1;
    const Result skipped = expand(Until::brace);
    if (outermost && skipped) secret_defaults_[part].end = text_.size() - rest_.size();
    return skipped;
  }

  const std::string_view text_;
  std::string_view rest_;
  const Variables& variables_;
  const FindSecret& find_secret_;
  const std::string_view plugin_;
  int nesting_ = 0;
  int skipping_ = 0;  // within so many defaults that are not needed
  bool has_secret_ = false;
  std::vector<Part> secret_defaults_;
};

}  // namespace

std::expected<Expanded, std::string> expand(std::string_view text, const Variables& variables,
                                            const FindSecret& find_secret, std::string_view plugin) {
  Expander expander(text, variables, find_secret, plugin);
  Expander::Result result = expander.expand(Until::end);
  if (!result) return std::unexpected(std::move(result.error()));
  return Expanded{std::move(*result), expander.has_secret()};
}

std::string without_secret_defaults(std::string text, std::string_view instead) {
  static const Variables none;
  static const FindSecret nowhere;
  Expander expander(text, none, nowhere, {});
  std::vector<Expander::Part> hidden;
  if (expander.scan()) {
    hidden = expander.secret_defaults();
  } else if (const std::size_t secret = text.find("${SECRET:"); secret != std::string::npos) {
    // Nobody knows where which part of it ends.
    if (const std::size_t begin = text.find(":-", secret); begin != std::string::npos)
      hidden.push_back({begin + 2, text.size()});
  }
  for (const Expander::Part& part : std::views::reverse(hidden))
    text.replace(part.begin, part.end - part.begin, instead);
  return text;
}

}  // namespace marty::config::internal
