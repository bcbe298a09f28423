#include "marty/web/internal/served_content.hpp"

#include "marty/compress/compress.hpp"
#include "marty/web/conditional.hpp"
#include "marty/web/media_type.hpp"

namespace marty::web::internal {
namespace {
constexpr std::size_t kMaxPlainBytes = 64 << 20;
}

void serve(const ServedContent& served, const http::Request& request, http::Response& response) {
  const bool can_encode = !served.encoding.empty();
  const bool encoded = can_encode && prefers_coding(request.list("accept-encoding"), served.encoding);
  // The coded form is another representation, so that its tag is the same one only in the weak sense.
  const std::string etag = encoded ? "W/" + std::string(served.etag) : std::string(served.etag);
  response.set_header("etag", etag);
  response.set_header("cache-control", served.cache_control);
  if (can_encode) add_vary(response, "Accept-Encoding");
  if (const auto status = precondition(request, {.etag = etag})) {
    response.status = *status;
    return;
  }
  if (encoded) response.set_header("content-encoding", served.encoding);
  if (encoded || !can_encode) {
    response.set_body(served.content, served.media_type);
  } else if (!served.plain.empty()) {
    response.set_body(served.plain, served.media_type);
  } else {
    response.set_body(compress::gunzip(served.content, kMaxPlainBytes), served.media_type);
  }
}

}  // namespace marty::web::internal
