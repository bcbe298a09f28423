#include "marty/web/entity_tags.hpp"

#include "marty/web/conditional.hpp"

namespace marty::web {

void EntityTags::operator()(http::Request& request, http::Response& response, Next next) const {
  next();
  if (request.method != http::Method::get && request.method != http::Method::head) return;
  if (response.status != 200 || response.stream() != nullptr) return;
  std::string etag(response.header("etag"));
  if (etag.empty()) {
    etag = make_etag(response.body());
    response.set_header("etag", etag);
  }
  const auto status = precondition(request, {.etag = etag});
  if (!status) return;
  response.status = *status;
  response.body().clear();
  response.remove_header("content-type");
  response.remove_header("content-encoding");
}

}  // namespace marty::web
