#include "marty/http/http2_connection.hpp"

#include <utility>

#include "marty/base/error.hpp"
#include "marty/http/internal/http2_client.hpp"

namespace marty::http {

ClientStream::ClientStream(ClientStream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
ClientStream& ClientStream::operator=(ClientStream&& other) noexcept {
  std::swap(stream_, other.stream_);
  return *this;
}
ClientStream::~ClientStream() {
  if (stream_ != nullptr) stream_->abandon();
}

void ClientStream::write(std::string_view bytes) { stream_->write(bytes); }
void ClientStream::flush() { stream_->flush(); }
void ClientStream::finish() { stream_->finish(); }
int ClientStream::status() { return stream_->status(); }
bool ClientStream::has_head() const noexcept { return stream_->has_head(); }
HeaderList ClientStream::headers() const noexcept { return stream_->headers(); }
std::string_view ClientStream::read_piece() { return stream_->read_piece(); }
std::string_view ClientStream::read_all(std::size_t max_bytes) { return stream_->read_all(max_bytes); }
BodySource& ClientStream::body() noexcept { return *stream_; }
HeaderList ClientStream::trailers() const noexcept { return stream_->trailers(); }
bool ClientStream::has_ended() const noexcept { return stream_->has_ended(); }
void ClientStream::reset(std::uint32_t error_code) noexcept { stream_->reset(error_code); }
bool ClientStream::is_untouched() const noexcept { return stream_->is_untouched(); }
std::optional<std::uint32_t> ClientStream::reset_code() const noexcept {
  const bool was_reset =
      stream_->is_closed() && !stream_->has_ended() && stream_->close_code() != internal::Http2Stream::kConnectionLost;
  return was_reset ? std::optional<std::uint32_t>(stream_->close_code()) : std::nullopt;
}

Http2Connection::Http2Connection(runtime::Socket socket, const Http2ConnectionOptions& options)
    : client_(new internal::Http2Client(std::move(socket), options)) {}

Http2Connection::~Http2Connection() { client_->abandon(); }

ClientStream Http2Connection::open(const StreamHead& head) { return start(head, std::nullopt); }
ClientStream Http2Connection::open(const StreamHead& head, std::string_view body) { return start(head, body); }

ClientStream Http2Connection::start(const StreamHead& head, std::optional<std::string_view> body) {
  if (!client_->is_usable()) throw Error(Code::unavailable, "the connection is over, or the server has told it to end");
  internal::Http2ClientStream& stream = client_->take_stream();
  try {
    stream.open(*client_, head, body);
  } catch (...) {
    client_->recycle(stream);
    throw;
  }
  return ClientStream(stream);
}

bool Http2Connection::is_usable() const noexcept { return client_->is_usable(); }
std::size_t Http2Connection::streams() const noexcept { return client_->streams(); }
std::size_t Http2Connection::max_streams() const noexcept { return client_->max_streams(); }

}  // namespace marty::http
