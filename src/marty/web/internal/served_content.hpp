// A fixed reply that is kept ready in memory: a document, an asset of the documentation pages.
#pragma once

#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::web::internal {

struct ServedContent {
  std::string_view content;   // encoded as `encoding` says; outlives this
  std::string_view encoding;  // "gzip" or empty
  std::string_view plain;     // the same without encoding, where that is at hand
  std::string_view etag;      // of the plain content
  std::string_view media_type;
  std::string_view cache_control = "no-cache";  // revalidate each time
};

// Answers with it: encoded where the client takes that, else decoded; 304 where the client has it already.
void serve(const ServedContent& served, const http::Request& request, http::Response& response);

}  // namespace marty::web::internal
