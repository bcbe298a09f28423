#include <memory>
#include <utility>

#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/told_length.hpp"
#include "marty/http/message.hpp"

namespace marty::http {
namespace {

constexpr std::size_t kGatheredBytes = 16 * 1024;  // in the response, before its head goes out

// Keeps the beginning of the body until it is clear that the reply will be this one.
class StreamWriter final : public BodyWriter {
 public:
  StreamWriter(Response& response, std::optional<std::uint64_t> length) : response_(response), length_(length) {}

  void write(std::string_view bytes) override {
    length_.take(bytes.size());
    if (writer_ == nullptr) {
      std::string& gathered = response_.body();
      if (gathered.size() + bytes.size() < kGatheredBytes || !response_.attached()) {
        gathered += bytes;
        return;
      }
      start();
    }
    writer_->write(bytes);
  }
  void flush() override {
    if (writer_ == nullptr && response_.attached()) start();
    if (writer_ != nullptr) writer_->flush();
  }
  // Trailers have their place behind a body in pieces.
  void finish() {
    length_.finish();
    if (writer_ == nullptr && response_.attached() && !response_.wire_trailers().empty()) start();
  }

 private:
  // From begin_stream() to write() no other fiber can run: what was gathered comes first.
  void start() {
    writer_ = &response_.begin_stream(length_.told());
    if (!response_.body().empty()) writer_->write(response_.body());
  }

  Response& response_;
  internal::ToldLength length_;
  BodyWriter* writer_ = nullptr;
};

}  // namespace

void write_stream(const Request& request, Response& response) {
  if (response.stream() == nullptr) return;
  const std::unique_ptr<BodyStream> stream = response.take_stream();
  if (internal::forbids_body(response.status)) return;
  response.body().clear();
  if (request.method == Method::head) {
    if (response.attached()) response.begin_stream(stream->length());
    return;
  }
  StreamWriter writer(response, stream->length());
  try {
    stream->write_to(writer);
    writer.finish();
  } catch (...) {
    if (!response.begun()) response.body().clear();
    throw;
  }
}

}  // namespace marty::http
