// Secret: a text that must not get out – a password, a token, a private key.
//
//   struct MailSection { std::string relay; marty::Secret password; };     // from configuration, JSON, a form
//   request.headers.push_back({"authorization", "Bearer " + std::string(mail.password.reveal())});
//
// It cannot be formatted, logged or written as JSON: none of that compiles, or in a reflected struct none of it has the
// field. It is compared in a time that tells nothing but the length, and its memory is cleared before it is released.
// reveal() is the one way to the text, so that a search for it finds every use; what is made of the text is a copy that
// clear() clears.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"

namespace marty {

// Overwrites memory in a way that the compiler keeps.
void clear(char* bytes, std::size_t size) noexcept;
// Overwrites all that the text has room for, and empties it.
void clear(std::string& text) noexcept;

class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::string_view text);
  // Takes the text over: `text` is cleared.
  static Secret take(std::string& text);
  Secret(const Secret& other) : Secret(other.reveal()) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  std::string_view reveal() const noexcept { return {bytes_, size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // Looks at every byte, wherever the first difference is.
  bool equals(std::string_view text) const noexcept;
  bool operator==(const Secret& other) const noexcept { return equals(other.reveal()); }
  std::strong_ordering operator<=>(const Secret&) const = delete;

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// Read, never written: it has no append().
template <>
struct Text<Secret> {
  static constexpr std::string_view format = "password";  // as OpenAPI calls it
  static constexpr std::string_view expected = "a text";
  static bool parse(std::string_view text, Secret& secret) { return secret = Secret(text), true; }
};

}  // namespace marty
