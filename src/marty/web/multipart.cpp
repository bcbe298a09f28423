#include "marty/web/multipart.hpp"

#include <algorithm>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/web/internal/disposition.hpp"
#include "marty/web/media_type.hpp"

namespace marty::web {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kMaxHeaderLine = 8 * 1024;
constexpr int kMaxHeaderLines = 16;

std::string boundary_of(const http::Request& request) {
  const MediaType type = parse_media_type(request.header("content-type"));
  if (!type.is("multipart/form-data")) {
    throw Error(Code::invalid_argument, "send the form as multipart/form-data").with_http_status(415);
  }
  std::string buffer;
  const auto boundary = type.parameter("boundary", buffer);
  if (!boundary || boundary->empty() || boundary->size() > 70) {  // RFC 2046 section 5.1.1
    throw Error(Code::invalid_argument, "the Content-Type of the form has no valid boundary");
  }
  return std::string(*boundary);
}

}  // namespace

std::size_t Part::read_some(std::span<char> buffer) { return owner_->read_content(buffer); }

std::string Part::read_all(std::size_t max_bytes) {
  std::string content;
  char buffer[kReadBytes];
  while (const std::size_t size = read_some(buffer)) {
    if (size > max_bytes - content.size()) {
      throw Error(Code::out_of_range,
                  "the form's part " + name + " is larger than " + std::to_string(max_bytes) + " bytes")
          .with_http_status(413);
    }
    content.append(buffer, size);
  }
  return content;
}

Multipart::Multipart(http::Request& request)
    : source_(request.body_source), delimiter_("\r\n--" + boundary_of(request)), window_("\r\n") {
  part_.owner_ = this;  // the window starts with a line break so that the first delimiter looks like the others
}

void Multipart::malformed(std::string_view what) {
  throw Error(Code::invalid_argument, "the multipart body is malformed: " + std::string(what));
}

bool Multipart::fill() {
  if (source_ == nullptr) return false;
  window_.erase(0, at_);
  at_ = 0;
  const std::size_t before = window_.size();
  window_.resize(before + kReadBytes);
  const std::size_t size = source_->read_some({window_.data() + before, kReadBytes});
  window_.resize(before + size);
  return size != 0;
}

// Where the delimiter starts, or up to where there is certainly none.
std::size_t Multipart::find_delimiter() {
  const std::size_t found = window_.find(delimiter_, at_);
  if (found != std::string::npos) return found;
  return std::max(at_, window_.size() - std::min(window_.size(), delimiter_.size() - 1));
}

std::size_t Multipart::read_content(std::span<char> buffer) {
  while (position_ == Position::in_part) {
    const std::size_t end = find_delimiter();
    if (end > at_) {
      const std::size_t size = std::min(buffer.size(), end - at_);
      std::memcpy(buffer.data(), window_.data() + at_, size);
      at_ += size;
      return size;
    }
    if (window_.compare(at_, delimiter_.size(), delimiter_) == 0) {
      at_ += delimiter_.size();
      position_ = Position::at_delimiter;
    } else if (!fill()) {
      malformed("it ends within a part");
    }
  }
  return 0;
}

std::string_view Multipart::take_line() {
  while (true) {
    const std::size_t end = window_.find("\r\n", at_);
    if (end != std::string::npos) {
      const std::string_view line(window_.data() + at_, end - at_);
      at_ = end + 2;
      return line;
    }
    if (window_.size() - at_ > kMaxHeaderLine) malformed("a header line is too long");
    if (!fill()) malformed("it ends before its closing boundary");
  }
}

Part* Multipart::next() {
  if (position_ == Position::before_first) position_ = Position::in_part;  // the preamble, which nobody reads
  char skipped[4096];
  while (read_content(skipped) != 0) {
  }
  if (position_ == Position::end) return nullptr;
  // Behind a delimiter stands "--" at the very end, else blanks and a line break.
  while (window_.size() - at_ < 2) {
    if (!fill()) malformed("it ends before its closing boundary");
  }
  if (window_.compare(at_, 2, "--") == 0) {
    position_ = Position::end;
    return nullptr;
  }
  if (take_line().find_first_not_of(" \t") != std::string_view::npos) malformed("there is text behind a boundary");
  read_part_headers();
  position_ = Position::in_part;
  // An empty part has its delimiter right behind the headers, whose last line break then begins it.
  at_ -= 2;
  if (window_.size() - at_ < delimiter_.size()) {
    while (window_.size() - at_ < delimiter_.size() && fill()) {
    }
  }
  if (window_.compare(at_, delimiter_.size(), delimiter_) != 0) at_ += 2;
  return &part_;
}

void Multipart::read_part_headers() {
  part_.name.clear();
  part_.filename.reset();
  part_.content_type.clear();
  bool named = false;
  for (int lines = 0;; ++lines) {
    const std::string_view line = take_line();
    if (line.empty()) break;
    if (lines == kMaxHeaderLines) malformed("a part has too many headers");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) malformed("a part's header has no colon");
    std::string_view rest = line.substr(colon + 1);
    if (equals_ignore_case(line.substr(0, colon), "content-disposition")) {
      if (named) malformed("a part has two Content-Dispositions");
      read_disposition(rest);
      named = true;
    } else if (equals_ignore_case(line.substr(0, colon), "content-type")) {
      part_.content_type = take_element(rest, '\n');
    }
  }
  if (!named) malformed("a part has no Content-Disposition");
  if (part_.content_type.empty()) part_.content_type = part_.filename ? "application/octet-stream" : "text/plain";
  if (!is_utf8(part_.name) || (part_.filename && !is_utf8(*part_.filename))) malformed("a part's name is not UTF-8");
}

void Multipart::read_disposition(std::string_view value) {
  auto disposition = internal::parse_disposition(value);
  if (!disposition) malformed(disposition.error());
  part_.name = std::move(disposition->name);
  part_.filename = std::move(disposition->filename);
}

}  // namespace marty::web
