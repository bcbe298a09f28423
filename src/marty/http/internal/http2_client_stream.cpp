#include "marty/base/error.hpp"
#include "marty/http/internal/characters.hpp"
#include "marty/http/internal/http2_client.hpp"

namespace marty::http::internal {

void Http2ClientStream::open(Http2Client& client, const StreamHead& head, std::optional<std::string_view> body) {
  client_ = &client;
  head_.clear();
  trailers_.clear();
  status_ = 0;
  has_head_ = too_large_ = sent_ = abandoned_ = false;
  Http2Fields& fields = client.fields();
  fields.add(":method", head.method).add(":scheme", head.scheme).add(":authority", head.authority);
  fields.add(":path", head.path);
  // Nothing stands around a value (RFC 9113 section 8.2.1).
  for (const Header& header : head.headers) fields.add(header.name, trim_blanks(header.value));
  for (const Header& header : head.unique_headers) fields.add(header.name, trim_blanks(header.value), /*unique=*/true);
  const bool whole = body.has_value();
  const bool silent = whole && body->empty();
  const nghttp2_data_provider source = provider();
  const std::int32_t id = nghttp2_submit_request(client.native(), nullptr, fields.data(), fields.size(),
                                                 silent ? nullptr : &source, static_cast<Http2Stream*>(this));
  require(id);
  begin(client, id);
  if (whole) put_whole(*body);
  client.watch();
  client.flush_soon();
}

int Http2ClientStream::status() {
  while (!has_head_) {
    throw_if_closed();
    head_arrived_.wait("waiting for the head of a reply");
  }
  if (too_large_) throw Error(Code::out_of_range, "the head of the reply is too large");
  return status_;
}

bool Http2ClientStream::is_untouched() const noexcept {
  return is_closed() && (!sent_ || close_code() == NGHTTP2_REFUSED_STREAM);
}

// Interim replies (1xx) come before the final one, trailers behind it.
void Http2ClientStream::on_field(std::string_view name, std::string_view value) {
  if (name == ":status") {  // nghttp2 has checked its three digits
    status_ = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
    return;
  }
  Http2ReceivedFields& fields = has_head_ ? trailers_ : head_;
  if (fields.bytes() + name.size() + value.size() > session().settings().header_list_bytes) {
    too_large_ = true;
  } else {
    fields.add(name, value);
  }
}

void Http2ClientStream::on_fields_end() {
  if (has_head_) {
    trailers_.finish();
    return;
  }
  if (status_ < 200) return head_.clear();
  head_.finish();
  has_head_ = true;
  head_arrived_.notify();
}

void Http2ClientStream::abandon() noexcept {
  abandoned_ = true;
  if (is_closed()) return client_->recycle_last(*this);
  reset(NGHTTP2_CANCEL);
}

void Http2ClientStream::released() noexcept {
  head_arrived_.notify();
  if (abandoned_) client_->recycle(*this);
}

void Http2ClientStream::throw_too_large(std::size_t max_bytes) const {
  throw Error(Code::out_of_range, "the reply is larger than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace marty::http::internal
