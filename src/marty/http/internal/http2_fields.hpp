// Http2Fields: a header section on its way to nghttp2, as views. nghttp2 copies them and writes names in lower case.
#pragma once

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

namespace marty::http::internal {

class Http2Fields {
 public:
  Http2Fields& clear() noexcept {
    fields_.clear();
    return *this;
  }
  // `unique`: a value that will not come again is not worth a place in the peer's table (RFC 7541 section 7.1.3).
  Http2Fields& add(std::string_view name, std::string_view value, bool unique = false) {
    fields_.push_back({bytes(name), bytes(value), name.size(), value.size(),
                       static_cast<std::uint8_t>(unique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)});
    return *this;
  }
  // "name: value\r\n" each, as Response keeps them.
  Http2Fields& add_lines(std::string_view lines);

  const nghttp2_nv* data() const noexcept { return fields_.data(); }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  // nghttp2 only reads what it is given.
  static std::uint8_t* bytes(std::string_view text) noexcept {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }
  std::vector<nghttp2_nv> fields_;
};

}  // namespace marty::http::internal
