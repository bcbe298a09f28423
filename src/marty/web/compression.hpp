// Compression: replies in gzip or brotli where the client takes them (RFC 9110 section 12.5.3).
//
//   app.filter(Phase::edge, "compression", Compression());
//
// Leaves alone: small bodies, media types that do not shrink, what is encoded already, partial content, and what says
// "cache-control: no-transform". Streams are compressed piece by piece; a flush of the stream reaches the client. A
// strong entity tag becomes a weak one, in the 304 as well: If-Match, which compares strongly, does not take it back.
//
// A client that refuses "identity" and takes no coding of ours is answered without one all the same, not with 406
// (section 12.4.1 leaves the choice).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "marty/web/filter.hpp"

namespace marty::web {

struct CompressionOptions {
  std::size_t min_bytes = 1024;  // of a body; streams are compressed whatever their length
  bool brotli = true;
  bool gzip = true;
  std::vector<std::string> media_types = {"text/*", "application/json", "application/javascript", "application/xml",
                                          "image/svg+xml"};  // and every +json and +xml
};

class Compression {
 public:
  explicit Compression(CompressionOptions options = {}) : options_(std::move(options)) {}
  void operator()(http::Request& request, http::Response& response, Next next) const;

 private:
  bool worthwhile(const http::Response& response) const;
  CompressionOptions options_;
};

}  // namespace marty::web
