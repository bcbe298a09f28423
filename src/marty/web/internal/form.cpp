#include "marty/web/internal/form.hpp"

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/multipart.hpp"
#include "marty/web/query.hpp"

namespace marty::web::internal {
namespace {

constexpr std::size_t kMaxParts = 1000;

void count_part(std::size_t& parts) {
  if (++parts > kMaxParts) throw Error(Code::out_of_range, "the form has more than 1000 fields").with_http_status(413);
}

ParsedForm read_urlencoded(http::Request& request, std::size_t max_bytes) {
  ParsedForm form;
  PairReader pairs = query_pairs(request.body(max_bytes));
  for (std::size_t parts = 0; const auto pair = pairs.next();) {
    count_part(parts);
    form.fields.push_back({std::string(pair->name), std::string(pair->value), pair->valid});
  }
  return form;
}

// What a form may still hold: names count as well as contents.
class Allowance {
 public:
  explicit Allowance(std::size_t max_bytes) : max_bytes_(max_bytes), left_(max_bytes) {}
  void take(std::size_t bytes) {
    if (bytes > left_) {
      throw Error(Code::out_of_range, "the form is larger than " + std::to_string(max_bytes_) + " bytes")
          .with_http_status(413);
    }
    left_ -= bytes;
  }

 private:
  std::size_t max_bytes_;
  std::size_t left_;
};

std::string read_content(Part& part, Allowance& allowance) {
  std::string content;
  char buffer[8 * 1024];
  while (const std::size_t size = part.read_some(buffer)) {
    allowance.take(size);
    content.append(buffer, size);
  }
  return content;
}

ParsedForm read_multipart(http::Request& request, std::size_t max_bytes) {
  ParsedForm form;
  Multipart parts(request);
  Allowance allowance(max_bytes);
  std::size_t count = 0;
  while (Part* part = parts.next()) {
    count_part(count);
    allowance.take(part->name.size());
    if (part->filename) allowance.take(part->filename->size() + part->content_type.size());
    std::string content = read_content(*part, allowance);
    const bool none_chosen = part->filename && part->filename->empty() && content.empty();
    if (none_chosen) continue;
    if (part->filename) {
      form.files.emplace_back(std::move(part->name),
                              File{std::move(*part->filename), std::move(part->content_type), std::move(content)});
    } else {
      const bool valid = is_utf8(content);
      form.fields.push_back({std::move(part->name), std::move(content), valid});
    }
  }
  return form;
}

}  // namespace

ParsedForm read_form(http::Request& request, std::size_t max_bytes) {
  const MediaType type = parse_media_type(request.header("content-type"));
  if (type.is("application/x-www-form-urlencoded")) return read_urlencoded(request, max_bytes);
  if (type.is("multipart/form-data")) return read_multipart(request, max_bytes);
  throw Error(Code::invalid_argument,
              "send the form as application/x-www-form-urlencoded or multipart/form-data in Content-Type")
      .with_http_status(415);
}

}  // namespace marty::web::internal
