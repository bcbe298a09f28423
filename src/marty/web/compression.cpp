#include "marty/web/compression.hpp"

#include <optional>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/compress/compress.hpp"
#include "marty/web/media_type.hpp"

namespace marty::web {
namespace {

using compress::Coding;

// Compresses what another stream writes.
class CompressedStream final : public http::BodyStream {
 public:
  CompressedStream(std::unique_ptr<http::BodyStream> inner, Coding coding)
      : inner_(std::move(inner)), coding_(coding) {}

  void write_to(http::BodyWriter& writer) override {
    Writer compressing(writer, coding_);
    inner_->write_to(compressing);
    compressing.finish();
  }

 private:
  class Writer final : public http::BodyWriter {
   public:
    Writer(http::BodyWriter& out, Coding coding) : out_(out), compressor_(coding) {}
    void write(std::string_view bytes) override {
      std::string compressed = std::exchange(buffer_, {});
      compressor_.write(bytes, compressed);
      send(std::move(compressed));
    }
    void flush() override {
      std::string compressed = std::exchange(buffer_, {});
      compressor_.flush(compressed);
      send(std::move(compressed));
      out_.flush();
    }
    void finish() {
      std::string compressed = std::exchange(buffer_, {});
      compressor_.finish(compressed);
      send(std::move(compressed));
    }

   private:
    // While this fiber waits another one may write: `out_` sends both in the order of the calls.
    void send(std::string compressed) {
      if (!compressed.empty()) out_.write(compressed);
      compressed.clear();
      buffer_ = std::move(compressed);
    }
    http::BodyWriter& out_;
    compress::Compressor compressor_;
    std::string buffer_;  // while nobody uses it
  };

  std::unique_ptr<http::BodyStream> inner_;
  Coding coding_;
};

// The coding that the client likes best; brotli where it likes both as much; none where it likes none better.
std::optional<Coding> choose(const http::ListField& accept_encoding, bool brotli, bool gzip) {
  const bool takes_brotli = brotli && prefers_coding(accept_encoding, "br");
  const bool takes_gzip = gzip && prefers_coding(accept_encoding, "gzip");
  if (!takes_brotli && !takes_gzip) return std::nullopt;
  if (!takes_brotli || !takes_gzip) return takes_brotli ? Coding::brotli : Coding::gzip;
  const bool rather_gzip = encoding_quality(accept_encoding, "gzip") > encoding_quality(accept_encoding, "br");
  return rather_gzip ? Coding::gzip : Coding::brotli;
}

bool covers_media_type(std::string_view range, std::string_view essence) {
  if (!range.ends_with("/*")) return equals_ignore_case(range, essence);
  const std::string_view group = range.substr(0, range.size() - 1);
  return equals_ignore_case(group, essence.substr(0, group.size()));
}

void weaken_etag(http::Response& response) {
  const std::string etag(response.header("etag"));
  if (etag.starts_with('"')) response.set_header("etag", "W/" + etag);
}

// A 304 has the tag of the 200 that it stands for (RFC 9110 section 15.4.5). Whether that was compressed cannot be seen
// any more; who has kept it names the tag that it came with.
void restore_etag(const http::Request& request, http::Response& response) {
  const std::string weak = "W/" + std::string(response.header("etag"));
  for (const std::string_view kept : request.list("if-none-match").with(http::Backslash::literal)) {
    if (kept == weak) return response.set_header("etag", weak);
  }
}

}  // namespace

bool Compression::worthwhile(const http::Response& response) const {
  if (response.stream() == nullptr && response.body().size() < options_.min_bytes) return false;
  if (response.status < 200 || response.status == 204 || response.status == 206 || response.status == 304) return false;
  if (!response.list("content-encoding").empty() || response.list("cache-control").contains("no-transform"))
    return false;
  const std::string_view essence = parse_media_type(response.header("content-type")).essence;
  if (essence.ends_with("+json") || essence.ends_with("+xml")) return true;
  for (const std::string& range : options_.media_types) {
    if (covers_media_type(range, essence)) return true;
  }
  return false;
}

void Compression::operator()(http::Request& request, http::Response& response, Next next) const {
  next();
  const auto coding_for_client = [&] {
    return choose(request.list("accept-encoding"), options_.brotli, options_.gzip);
  };
  if (response.status == 304) {  // it has the headers of its 200, whose media type is not known here
    add_vary(response, "Accept-Encoding");
    if (coding_for_client()) restore_etag(request, response);
    return;
  }
  if (!worthwhile(response)) return;
  add_vary(response, "Accept-Encoding");
  const std::optional<Coding> coding = coding_for_client();
  if (!coding) return;
  if (response.stream() != nullptr) {
    response.set_stream(std::make_unique<CompressedStream>(response.take_stream(), *coding));
  } else {
    response.body() = compress::compress(*coding, response.body());
  }
  response.set_header("content-encoding", compress::coding_name(*coding));
  weaken_etag(response);
}

}  // namespace marty::web
