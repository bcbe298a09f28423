// EntityTags: gives replies to GET a validator, so that a client which has the content already gets 304 without a body.
//
//   app.filter(Phase::edge, "compression", Compression());
//   app.filter(Phase::edge, "etag", EntityTags());      // behind compression: the tag is that of the plain content
//
// Only where the reply is a 200 with a body in memory. A tag that the handler has set is kept, and serves for the
// conditions.
#pragma once

#include "marty/web/filter.hpp"

namespace marty::web {

class EntityTags {
 public:
  void operator()(http::Request& request, http::Response& response, Next next) const;
};

}  // namespace marty::web
