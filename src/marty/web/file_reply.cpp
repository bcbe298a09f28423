#include "marty/web/file_reply.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/file.hpp"
#include "marty/web/app.hpp"
#include "marty/web/conditional.hpp"
#include "marty/web/http_date.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/range.hpp"

namespace marty::web {
namespace {

constexpr std::size_t kBufferedBytes = 64 * 1024;  // up to that, head and body leave with one write

// Reads while it is sent.
class FileStream final : public http::BodyStream {
 public:
  FileStream(runtime::File file, ByteRange range) : file_(std::move(file)), range_(range) {}
  std::optional<std::uint64_t> length() const override { return range_.size; }
  void write_to(http::BodyWriter& writer) override {
    const auto buffer = std::make_unique<std::array<char, kBufferedBytes>>();
    for (std::uint64_t done = 0; done < range_.size;) {
      const std::size_t wanted = std::size_t(std::min<std::uint64_t>(buffer->size(), range_.size - done));
      const std::size_t size = file_.read_at(range_.first + done, {buffer->data(), wanted});
      if (size == 0) throw Error(Code::unavailable, "the file became shorter while it was sent");
      writer.write({buffer->data(), size});
      done += size;
    }
  }

 private:
  runtime::File file_;
  ByteRange range_;
};

void read_whole(const runtime::File& file, ByteRange range, std::string& body) {
  body.resize(range.size);
  for (std::size_t done = 0; done < body.size();) {
    const std::size_t size = file.read_at(range.first + done, {body.data() + done, body.size() - done});
    if (size == 0) throw Error(Code::unavailable, "the file became shorter while it was read");
    done += size;
  }
}

// As the file system tells versions apart: size and time of the last change.
std::string etag_of(const runtime::FileInfo& info) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string etag = "\"";
  for (std::uint64_t value : {info.size_bytes, std::uint64_t(info.modified.time_since_epoch().count())}) {
    const std::size_t start = etag.size();
    do etag += kDigits[value & 15];
    while ((value >>= 4) != 0);
    std::reverse(etag.begin() + std::ptrdiff_t(start), etag.end());
    etag += '-';
  }
  etag.back() = '"';
  return etag;
}

// Neither the reason nor the path is the client's business.
runtime::File open_file(const std::string& path, runtime::FileInfo& info) {
  try {
    // Beyond a NUL the system would not look: "secret.txt\0.pdf" would be secret.txt.
    if (path.find('\0') == std::string::npos) info = runtime::file_info(path);
    if (info.is_regular) return runtime::File::open(path);
  } catch (const Error& error) {
    if (error.code() != Code::not_found && error.code() != Code::permission_denied) throw;
  }
  throw Error(Code::not_found, "there is no such file");
}

void add_disposition(http::Response& response, const std::string& name) {
  std::string value = "attachment; filename*=UTF-8''";  // RFC 8187
  append_percent_encoded(value, name);
  response.set_header("content-disposition", value);
}

}  // namespace

std::string_view media_type_of(std::string_view file_name) noexcept {
  struct Known {
    std::string_view extension, type;
  };
  static constexpr Known kKnown[] = {
      {"html", "text/html; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"map", "application/json"},
      {"txt", "text/plain; charset=utf-8"},
      {"md", "text/markdown; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"xml", "application/xml"},
      {"svg", "image/svg+xml"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"webp", "image/webp"},
      {"ico", "image/vnd.microsoft.icon"},
      {"pdf", "application/pdf"},
      {"woff", "font/woff"},
      {"woff2", "font/woff2"},
      {"wasm", "application/wasm"},
      {"zip", "application/zip"},
      {"gz", "application/gzip"},
      {"mp4", "video/mp4"},
      {"webm", "video/webm"},
      {"mp3", "audio/mpeg"},
  };
  const std::size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  for (const Known& known : kKnown) {
    if (http::header_name_equals(known.extension, file_name.substr(dot + 1))) return known.type;
  }
  return "application/octet-stream";
}

void serve_file(const http::Request& request, http::Response& response, const FileReply& reply) {
  runtime::FileInfo info;
  runtime::File file = open_file(reply.path, info);
  const std::string etag = etag_of(info);
  const Validators validators{.etag = etag, .last_modified = info.modified};
  response.set_header("etag", etag);
  response.set_header("last-modified", format_http_date(info.modified));
  response.set_header("cache-control", reply.cache_control);
  response.set_header("accept-ranges", "bytes");
  if (const auto status = precondition(request, validators)) {
    response.status = *status;
    return;
  }
  ByteRange range{0, info.size_bytes};
  const auto header = request.headers.find("range");
  if (header && request.method == http::Method::get && range_applies(request, validators)) {
    const RangeRequest wanted = parse_range(*header, info.size_bytes);
    const std::string size = std::to_string(info.size_bytes);
    if (wanted.kind == RangeRequest::Kind::unsatisfiable) {
      response.set_header("content-range", "bytes */" + size);
      throw Error(Code::out_of_range, "the file has " + size + " bytes").with_http_status(416);
    }
    if (wanted.kind == RangeRequest::Kind::part) {
      range = wanted.range;
      response.status = 206;
      response.set_header("content-range", "bytes " + std::to_string(range.first) + "-" +
                                               std::to_string(range.first + range.size - 1) + "/" + size);
    }
  }
  response.set_header("content-type", reply.content_type.empty() ? media_type_of(reply.path) : reply.content_type);
  response.set_header("x-content-type-options", "nosniff");
  if (!reply.download_as.empty()) add_disposition(response, reply.download_as);
  if (range.size <= kBufferedBytes) return read_whole(file, range, response.body());
  response.set_stream(std::make_unique<FileStream>(std::move(file), range));
}

namespace internal {
void write_file(Exchange& exchange, FileReply& file) {
  exchange.response().status = success_status(exchange);
  serve_file(exchange.request(), exchange.response(), file);
}
}  // namespace internal

namespace {

// Whether a path, percent-decoded, stays below its root and names nothing hidden.
bool is_inside(std::string_view path) {
  if (path.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.starts_with('.') || (segment.empty() && slash != std::string_view::npos)) return false;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return true;
}

}  // namespace

void serve_files(App& app, std::string_view prefix, std::string folder, FilesOptions options) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  app.get(
         std::string(prefix) + "/{path...}",
         [folder = std::move(folder), options = std::move(options)](Path<std::string> path, http::Request& request,
                                                                    http::Response& response) {
           std::string name = *path;
           if (!is_inside(name)) throw Error(Code::not_found, "there is no such file");
           if (name.empty() || name.ends_with('/')) name += options.index;
           serve_file(request, response, {.path = folder + "/" + name, .cache_control = options.cache_control});
         },
         "A file")
      .hidden();
}

}  // namespace marty::web
