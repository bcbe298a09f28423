// Http2Client: the client's side of an HTTP/2 connection, behind Http2Connection. Lives until its handle is gone and
// nothing of it runs any more.
#pragma once

#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/http2_received_fields.hpp"
#include "marty/http/internal/http2_stream.hpp"
#include "marty/http/internal/http2_stream_pool.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

class Http2Client;

// An exchange. Its handle and nghttp2 both know it; who is last gives it back to the client's pool.
class Http2ClientStream final : public Http2Stream {
 public:
  void open(Http2Client& client, const StreamHead& head, std::optional<std::string_view> body);
  void abandon() noexcept;  // by its handle
  using Http2Stream::finish;

  int status();
  bool has_head() const noexcept { return has_head_; }
  HeaderList headers() const noexcept { return head_.list(); }
  HeaderList trailers() const noexcept { return trailers_.list(); }
  bool is_untouched() const noexcept;

  void on_field(std::string_view name, std::string_view value) override;
  void on_fields_end() override;
  void on_head_sent() noexcept override { sent_ = true; }
  bool is_unsent() const noexcept override { return !sent_; }
  bool is_of_client() const noexcept override { return true; }
  using Http2Stream::has_grown;

  Http2ClientStream* next_free = nullptr;

 private:
  void released() noexcept override;
  [[noreturn]] void throw_too_large(std::size_t max_bytes) const override;

  Http2Client* client_ = nullptr;
  Http2ReceivedFields head_;
  Http2ReceivedFields trailers_;
  runtime::Wakeup head_arrived_;
  int status_ = 0;
  bool has_head_ = false;
  bool too_large_ = false;
  bool sent_ = false;
  bool abandoned_ = false;
};

// What the session refers to, and so has to be there before it.
struct Http2ClientParts {
  Http2Settings own_settings;
  runtime::Socket own_socket;
  Http2Workspace own_workspace;
};

class Http2Client final : private Http2ClientParts, public Http2Session {
 public:
  Http2Client(runtime::Socket socket, const Http2ConnectionOptions& options);

  Http2ClientStream& take_stream();
  void recycle(Http2ClientStream& stream) noexcept;
  void recycle_last(Http2ClientStream& stream) noexcept;  // the same; may destroy this
  bool is_usable() const noexcept {
    return is_open() && !leaving_ && nghttp2_session_check_request_allowed(native()) != 0;
  }
  std::size_t max_streams() const noexcept;
  void abandon() noexcept;  // by its handle
  void watch() noexcept;    // for silence, from the first stream on

 private:
  // Looks after the connection once a second, while streams are open.
  class Ticker final : public runtime::FiberJob {
   public:
    explicit Ticker(Http2Client& client) : client_(client) {}
    void run() override;
    void finished() noexcept override;
    runtime::Fiber* fiber = nullptr;
    bool active = false;

   private:
    Http2Client& client_;
  };

  Http2Stream* accept_stream(std::int32_t) override { return nullptr; }
  void on_peer_goes_away() noexcept override {
    leaving_ = true;
    refuse_unsent();
  }
  void settle() noexcept override;

  Ticker ticker_{*this};
  Http2StreamPool<Http2ClientStream, 64> free_streams_;
  std::size_t handles_ = 0;  // of streams
  bool leaving_ = false;
  bool abandoned_ = false;
};

}  // namespace marty::http::internal
