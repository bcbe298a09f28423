// EmbeddedFile: a file that was built into the program by marty_embed() (cmake/MartyEmbed.cmake).
//
// Its content lives in the program's read-only data: valid for ever, paged in when first read.
//
//   for (const EmbeddedFile& file : docs_assets()) reply(file.content, {{"content-encoding", file.encoding}});
#pragma once

#include <cstddef>
#include <string_view>

namespace marty {

// One file, as it goes over the wire.
struct EmbeddedFile {
  std::string_view name;      // "redoc.standalone.js"
  std::string_view content;   // the bytes, encoded as `encoding` says
  std::string_view encoding;  // "gzip", or empty for the file as it is
  std::string_view etag;      // a strong validator with its quotes (RFC 9110, 8.8.3), of the file before encoding
  std::size_t size;           // bytes before encoding
};

}  // namespace marty
