// Http2ReceivedFields: a header section as it arrives: field after field copied into one text, then presented as views.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/http/message.hpp"

namespace marty::http::internal {

class Http2ReceivedFields {
 public:
  void clear() noexcept;
  void add(std::string_view name, std::string_view value);
  // All of them, once no more come; cookies that came in several fields are one (RFC 9113 section 8.2.3). The views
  // live until clear().
  std::span<const Header> finish();

  HeaderList list() const noexcept { return HeaderList(headers_); }  // nothing before finish()
  std::size_t count() const noexcept { return fields_.size(); }
  std::size_t bytes() const noexcept { return text_.size() + 32 * fields_.size(); }  // RFC 9113 section 6.5.2
  std::size_t capacity() const noexcept { return text_.capacity(); }

 private:
  struct Field {
    std::size_t at, name_size, value_size;  // the name in the text, the value behind it
  };
  std::string text_;
  std::vector<Field> fields_;
  std::vector<Header> headers_;
  std::string cookies_;  // in one
};

}  // namespace marty::http::internal
