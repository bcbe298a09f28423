// RequestBody: the body of the request being handled, as it comes from the connection. Sends 100 Continue when the
// handler first waits for a body whose client wants it (RFC 9110 section 10.1.1).
#pragma once

#include <string>

#include "marty/http/internal/body_pace.hpp"
#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/request_parser.hpp"
#include "marty/http/internal/request_place.hpp"
#include "marty/http/internal/wire.hpp"

namespace marty::http::internal {

class RequestBody final : public BodySource {
 public:
  static constexpr std::size_t kMaxDrainBytes = 64 * 1024;  // of a body that the handler left, to keep the connection

  static constexpr std::size_t kKeptBytes = 64 * 1024;  // of memory, between requests

  // The head is consumed from the receive buffer; what follows there is the body. Behind the head there have to be
  // kMinSpaceBytes.
  void begin(Wire& wire, RequestPlace& place, const RequestHead& head);

  std::optional<std::uint64_t> length() const noexcept override;
  std::size_t read_some(std::span<char> buffer) override;
  std::string_view read_piece() override;
  std::string_view read_all(std::size_t max_bytes) override;
  void lift_limit() noexcept override;

  // Before the reply begins: an interim one comes before the final one.
  void invite();
  // After the handler: skips what has arrived. False where the connection cannot be kept since the rest is unknown, too
  // long or was not asked for.
  bool skip_arrived() noexcept;
  bool drained() const noexcept { return left_ == 0; }
  bool has_ended() const noexcept { return chunked_ ? decoder_.done() : left_ == 0; }  // all of it was handed out
  // Takes in the rest that skip_arrived() allowed. Throws.
  void drain();
  bool has_grown() const noexcept { return storage_.capacity() > kKeptBytes; }

 private:
  std::size_t read_plain(std::span<char> buffer);
  std::size_t read_chunked(std::span<char> buffer);
  std::string_view read_all_plain();
  std::string_view read_all_chunked(std::size_t max_bytes);
  std::size_t receive(std::span<char> buffer);
  std::size_t wait_for_bytes(std::span<char> buffer);
  void fill();
  bool rest_fits_behind_head() const noexcept;

  Wire* wire_ = nullptr;
  RequestPlace* place_ = nullptr;
  BodyPace pace_;
  ChunkedDecoder decoder_;
  std::string storage_;                  // a body that is not in the receive buffer
  std::optional<std::string_view> all_;  // what read_all() returned
  std::uint64_t left_ = 0;               // not chunked: bytes that were not handed out
  std::uint64_t total_ = 0;              // chunked: bytes that were handed out; else the length
  std::uint64_t max_bytes_ = 0;          // chunked: what the server allows
  std::size_t position_ = 0;             // of the body in the receive buffer
  bool chunked_ = false;
  bool limited_ = true;  // in size and rate
  bool broken_ = false;  // by an exception: what follows on the connection is unknown
  bool owes_continue_ = false;
};

}  // namespace marty::http::internal
