// Bytes: binary content of a field. In JSON and other text it is Base64 (RFC 4648 section 4); in SQL a blob.
//
//   struct Photo { std::string name; marty::Bytes content; };
#pragma once

#include <string>
#include <string_view>

#include "marty/base/text.hpp"

namespace marty {

// A plain value. Content that is text is written and read through view().
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string content) : content_(std::move(content)) {}
  explicit Bytes(std::string_view content) : content_(content) {}
  explicit Bytes(const char* content) : content_(content) {}

  std::string_view view() const { return content_; }
  const char* data() const { return content_.data(); }
  std::size_t size() const { return content_.size(); }
  bool empty() const { return content_.empty(); }

  auto operator<=>(const Bytes&) const = default;
  bool operator==(const Bytes&) const = default;

 private:
  std::string content_;
};

template <>
struct Text<Bytes> {
  static constexpr std::string_view format = "base64";
  static constexpr std::string_view expected = "Base64 with padding";
  static constexpr bool plain = true;
  static void append(std::string& out, const Bytes& bytes);
  static bool parse(std::string_view text, Bytes& bytes);
};

}  // namespace marty
