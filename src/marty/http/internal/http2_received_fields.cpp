#include "marty/http/internal/http2_received_fields.hpp"

namespace marty::http::internal {

void Http2ReceivedFields::clear() noexcept {
  text_.clear();
  fields_.clear();
  headers_.clear();
  cookies_.clear();
}

void Http2ReceivedFields::add(std::string_view name, std::string_view value) {
  fields_.push_back({text_.size(), name.size(), value.size()});
  text_.append(name);
  text_.append(value);
}

std::span<const Header> Http2ReceivedFields::finish() {
  const std::string_view text = text_;
  std::optional<std::size_t> cookie;  // where the first one stands
  for (const Field& field : fields_) {
    const Header header{text.substr(field.at, field.name_size),
                        text.substr(field.at + field.name_size, field.value_size)};
    if (header.name != "cookie") {
      headers_.push_back(header);
    } else if (!cookie) {
      cookie = headers_.size();
      headers_.push_back(header);
    } else {
      if (cookies_.empty()) cookies_ = headers_[*cookie].value;
      cookies_.append("; ").append(header.value);
      headers_[*cookie].value = cookies_;
    }
  }
  return headers_;
}

}  // namespace marty::http::internal
