#include "marty/telemetry/redaction.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "marty/telemetry/log.hpp"

namespace marty::telemetry {
namespace {

constexpr std::size_t kMaxNameBytes = 128;

// The letters of a text, in either case, as bits; other characters may set any.
constexpr std::uint32_t letters_of(std::string_view text) {
  std::uint32_t letters = 0;
  for (const char c : text) letters |= 1u << (c & 31);
  return letters;
}

constexpr std::uint32_t letters_of_word(std::string_view word) {
  std::uint32_t letters = letters_of(word);
  if (word.find('_') != std::string_view::npos) letters &= ~(1u << ('_' & 31));
  return letters;
}

constexpr auto kLetters = [] {
  std::array<std::uint32_t, kSensitiveWords.size()> letters{};
  for (std::size_t i = 0; i < letters.size(); ++i) letters[i] = letters_of_word(kSensitiveWords[i]);
  return letters;
}();

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_separator(char c) { return c == '_' || c == '-' || c == '.' || c == ' '; }

// A name in lower case with one '_' between its words: "XApiKey" is "x_api_key".
class Words {
 public:
  explicit Words(std::string_view name) noexcept {
    for (std::size_t at = 0; at < name.size() && size_ + 2 < sizeof text_; ++at) {
      const char c = name[at];
      if (is_separator(c)) {
        part();
        continue;
      }
      const bool begins =
          is_upper(c) && at > 0 && (!is_upper(name[at - 1]) || (at + 1 < name.size() && is_lower(name[at + 1])));
      if (begins) part();
      text_[size_++] = is_upper(c) ? static_cast<char>(c | 0x20) : c;
    }
  }
  std::string_view text() const noexcept { return {text_, size_}; }

 private:
  void part() noexcept {
    if (size_ > 0 && text_[size_ - 1] != '_') text_[size_++] = '_';
  }
  char text_[2 * kMaxNameBytes + 2];
  std::size_t size_ = 0;
};

bool begins_with(std::string_view words, std::string_view wanted) noexcept {
  if (!words.starts_with(wanted)) return false;
  words.remove_prefix(wanted.size());
  if (words.starts_with('s')) words.remove_prefix(1);
  return words.empty() || words[0] == '_';
}

template <class Matches>
bool any_word(std::string_view words, Matches&& matches) noexcept {
  for (;;) {
    if (matches(words)) return true;
    const std::size_t end = words.find('_');
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
}

// Whether one of the words, or two neighbours, end in that one.
bool ends_a_word(std::string_view words, std::string_view ending) noexcept {
  for (std::size_t at = 0; (at = words.find(ending, at)) != std::string_view::npos; ++at) {
    if (begins_with(words.substr(at), ending)) return true;
  }
  return false;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The name of a query's pair, decoded as far as that goes, with '.' for what is neither letter nor digit.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (std::size_t at = 0; at < name.size(); ++at) {
    int c = static_cast<unsigned char>(name[at]);
    if (c == '%' && at + 2 < name.size() && hex_digit(name[at + 1]) >= 0 && hex_digit(name[at + 2]) >= 0) {
      c = hex_digit(name[at + 1]) * 16 + hex_digit(name[at + 2]);
      at += 2;
    }
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
    plain += is_word || c == '_' || c == '-' ? static_cast<char>(c) : '.';
  }
  return plain;
}

// As in https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/: Signature, sig, X-Goog-Signature.
bool signs(std::string_view words) noexcept {
  return any_word(words, [](std::string_view rest) { return rest == "sig" || rest == "signature"; });
}

bool hides_in_query(std::string_view name) {
  const std::string plain = plain_name(name);
  return is_sensitive(plain) || signs(Words(plain).text());
}

}  // namespace

namespace {

// What a thread has found of the names that it is asked for again and again: a program has few.
struct KnownName {
  char text[30] = {};
  std::uint8_t size = 0;
  bool sensitive = false;
};
constinit thread_local std::array<KnownName, 64> t_known{};

bool is_sensitive_slowly(std::string_view name) noexcept {
  // Most names lack a letter of every word: no need to take them apart.
  const std::uint32_t letters = letters_of(name);
  const auto may_hold = [&](std::uint32_t needed) { return (letters & needed) == needed; };
  if (std::ranges::none_of(kLetters, may_hold)) return false;
  const Words words(name);
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    if (may_hold(kLetters[i]) && ends_a_word(words.text(), kSensitiveWords[i])) return true;
  }
  return false;
}

}  // namespace

bool is_sensitive(std::string_view name) noexcept {
  if (name.empty()) return false;
  if (name.size() > kMaxNameBytes) return true;
  if (name.size() > sizeof KnownName::text) return is_sensitive_slowly(name);
  const std::size_t slot = name.size() + 7u * static_cast<unsigned char>(name.front()) +
                           5u * static_cast<unsigned char>(name[name.size() / 2]) +
                           3u * static_cast<unsigned char>(name.back());
  KnownName& known = t_known[slot % t_known.size()];
  if (std::string_view(known.text, known.size) == name) return known.sensitive;
  known.sensitive = is_sensitive_slowly(name);
  known.size = static_cast<std::uint8_t>(name.size());
  std::memcpy(known.text, name.data(), name.size());
  return known.sensitive;
}

bool hides(const Logging* logging, std::string_view name) noexcept {
  return logging != nullptr ? logging->redacts(name) : is_sensitive(name);
}

std::string redacted_query(std::string_view query) {
  std::string shown;
  shown.reserve(query.size());
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals + 1 < pair.size() && hides_in_query(pair.substr(0, equals))) {
      shown.append(pair.substr(0, equals + 1)).append(kRedacted);
    } else {
      shown.append(pair);
    }
    if (end < query.size()) shown += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return shown;
}

Redaction::Redaction(std::span<const std::string> more) {
  for (const std::string& name : more) more_.emplace_back(Words(name).text());
}

bool Redaction::is_sensitive(std::string_view name) const noexcept {
  if (telemetry::is_sensitive(name)) return true;
  if (more_.empty()) return false;
  const Words words(name);
  return any_word(words.text(), [this](std::string_view rest) {
    return std::ranges::any_of(more_, [&](const std::string& word) { return begins_with(rest, word); });
  });
}

}  // namespace marty::telemetry
