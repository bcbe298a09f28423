// Everything that web reads from outside as text: queries, cookies, media types, qualities, ranges, dates, entity tags,
// forms. Nothing crashes, loops or reads beyond the input, and what is read keeps its promises.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/web/conditional.hpp"
#include "marty/web/http_date.hpp"
#include "marty/web/internal/disposition.hpp"
#include "marty/web/internal/form.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/percent.hpp"
#include "marty/web/query.hpp"
#include "marty/web/range.hpp"
#include "marty/web/router.hpp"

namespace marty::web {
namespace {

// The input as a body that arrives in uneven pieces.
class InputSource final : public http::BodySource {
 public:
  explicit InputSource(std::string_view text) : rest_(text) {}
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  std::size_t read_some(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), rest_.size(), std::size_t{1} + rest_.size() % 13});
    std::memcpy(buffer.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }
  std::string_view read_piece() override { return std::exchange(rest_, {}); }
  std::string_view read_all(std::size_t) override { return std::exchange(rest_, {}); }
  void lift_limit() noexcept override {}

 private:
  std::string_view rest_;
};

void read_pairs(PairReader pairs, std::size_t size) {
  std::size_t count = 0;
  while (const auto pair = pairs.next()) {
    MARTY_CHECK(++count <= size + 1);
    if (pair->valid) MARTY_CHECK(is_utf8(pair->value));
  }
}

void read_headers(std::string_view text) {
  std::string buffer;
  const MediaType type = parse_media_type(text);
  if (const auto boundary = type.parameter("boundary", buffer)) MARTY_CHECK(boundary->size() <= text.size());
  acceptable(http::ListField(text), "application/json");
  const int quality = encoding_quality(http::ListField(text), "gzip");
  MARTY_CHECK(quality >= 0 && quality <= 1000);
  MARTY_CHECK(!has_etag(http::ListField(text), "W/\"x\"", Comparison::strong) ||
              text.find('*') != std::string_view::npos);
  const RangeRequest range = parse_range(text, 1000);
  if (range.kind == RangeRequest::Kind::part)
    MARTY_CHECK(range.range.size > 0 && range.range.first + range.range.size <= 1000);
  if (const auto date = parse_http_date(text, Timestamp())) {
    MARTY_CHECK(parse_http_date(format_http_date(*date), Timestamp()) == date);
  }
  if (const auto decoded = percent_decode(text, buffer)) {
    std::string again;
    std::string encoded;
    append_percent_encoded(encoded, *decoded);
    MARTY_CHECK(percent_decode(encoded, again) == *decoded);
  }
}

// A list is the same on one line, on two, and with all its elements on lines of their own.
void read_list(std::string_view text) {
  std::vector<std::string_view> elements;
  for (const std::string_view element : http::ListField(text)) {
    MARTY_CHECK(element.find_first_not_of(" \t") == 0 && element.data() >= text.data());
    elements.push_back(element);
  }
  std::vector<http::Header> headers;
  for (const std::string_view element : elements) headers.push_back({"list", element});
  MARTY_CHECK(std::ranges::equal(http::HeaderList(headers).list("LIST"), elements));
}

// Names survive the way in which browsers write them.
void read_disposition(std::string_view text) {
  if (const auto read = internal::parse_disposition(text)) MARTY_CHECK(read->name.size() <= text.size());
  std::string written;
  for (const char c : text)
    c == '"' ? written += "%22" : c == '\r' ? written += "%0D" : c == '\n' ? written += "%0A" : written += c;
  const auto read = internal::parse_disposition("form-data; name=\"" + written + "\"; filename=\"" + written + '"');
  MARTY_CHECK(read && read->filename == read->name);
  const bool is_ambiguous =
      text.find("%22") != text.npos || text.find("%0D") != text.npos || text.find("%0A") != text.npos;
  MARTY_CHECK(is_ambiguous || read->name == text);
}

void read_form(std::string_view text, std::string_view content_type) {
  const http::Header header{"content-type", content_type};
  InputSource source(text);
  http::Request request;
  request.headers = http::HeaderList({&header, 1});
  request.body_source = &source;
  try {
    const internal::ParsedForm form = internal::read_form(request, text.size());
    std::size_t total = 0;
    for (const auto& field : form.fields) total += field.value.size();
    for (const auto& [name, file] : form.files) total += file.content.size();
    MARTY_CHECK(total <= text.size());
  } catch (const Error&) {
  }
}

void route(std::string_view path) {
  Router router;
  router.add(http::Method::get, "/a/{b}/c", 0);
  router.add(http::Method::get, "/a/{rest...}", 1);
  router.add(http::Method::get, "/a/b/{c}/d", 2);
  RouteMatch match;
  if (!router.match(http::Method::get, path, match)) return;
  for (std::size_t i = 0; i < match.parameter_count; ++i) {
    const std::string_view parameter = match.parameter(i);
    MARTY_CHECK(parameter.data() >= path.data() && parameter.data() + parameter.size() <= path.data() + path.size());
  }
}

}  // namespace
}  // namespace marty::web

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_pairs(query_pairs(text), size);
  read_pairs(cookie_pairs(text), size);
  read_headers(text);
  read_list(text);
  read_disposition(text);
  read_form(text, "multipart/form-data; boundary=B");
  read_form(text, "application/x-www-form-urlencoded");
  route(text);
  return 0;
}
