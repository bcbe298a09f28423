// FileReply: a handler's result that sends a file – with entity tag and Last-Modified, conditional requests (304, 412)
// and ranges (206, 416); large files are read while they are sent.
//
//   FileReply report(Path<int> year) {
//     return {.path = "reports/" + std::to_string(*year) + ".pdf", .download_as = "report.pdf"};
//   }
//   serve_files(app, "/static", "public", {.cache_control = "public, max-age=3600"});    // a whole folder
//
// A path is opened as it is: what a client sent must not stand in it unchecked.
#pragma once

#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::web {

class App;

struct FileReply {
  std::string path{};
  std::string content_type{};  // empty: by the extension
  std::string download_as{};   // the browser's "save as"; empty: it shows the file
  std::string cache_control = "no-cache";
};

// The media type of a file name; "application/octet-stream" for what is not known.
std::string_view media_type_of(std::string_view file_name) noexcept;

// Answers with the file. Throws Error: not_found, out_of_range with status 416, and what reading throws.
void serve_file(const http::Request& request, http::Response& response, const FileReply& file);

struct FilesOptions {
  std::string cache_control = "no-cache";
  std::string index = "index.html";  // what a folder's address gives; empty: 404
};

// Serves the files below `folder` under `prefix` ("/static"; "/" for all that no other route takes), hidden from the
// documentation. Names that begin with a dot are not served, and no path leads out of the folder; symbolic links in it
// are followed.
void serve_files(App& app, std::string_view prefix, std::string folder, FilesOptions options = {});

}  // namespace marty::web
