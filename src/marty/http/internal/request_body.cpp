#include "marty/http/internal/request_body.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;

[[noreturn]] void throw_too_large(std::size_t max_bytes) {
  throw Error(Code::out_of_range, "the request body is larger than " + std::to_string(max_bytes) + " bytes")
      .with_http_status(413);
}

}  // namespace

void RequestBody::begin(Wire& wire, RequestPlace& place, const RequestHead& head) {
  wire_ = &wire;
  place_ = &place;
  pace_.begin(wire.limits.body_rate_bytes, wire.limits.body_timeout);
  limited_ = true;
  chunked_ = head.chunked;
  max_bytes_ = wire.limits.body_bytes;
  left_ = total_ = head.content_length.value_or(0);
  owes_continue_ = head.expects_continue;
  position_ = wire.in.position();
  broken_ = false;
  all_.reset();
  if (!chunked_) return;
  decoder_.reset();
  total_ = 0;
}

std::optional<std::uint64_t> RequestBody::length() const noexcept {
  return chunked_ ? std::nullopt : std::optional<std::uint64_t>(total_);
}

void RequestBody::lift_limit() noexcept {
  max_bytes_ = ~std::uint64_t{0};
  limited_ = false;
}

std::size_t RequestBody::read_some(std::span<char> buffer) {
  if (buffer.empty()) throw Error(Code::invalid_argument, "a body cannot be read into an empty buffer");
  const RequestPlace::Read read(*place_);
  return chunked_ ? read_chunked(buffer) : read_plain(buffer);
}

std::size_t RequestBody::read_plain(std::span<char> buffer) {
  const std::size_t wanted = std::min<std::uint64_t>(left_, buffer.size());
  if (wanted == 0) return 0;
  std::size_t size = std::min(wanted, wire_->in.unread().size());
  if (size != 0) {
    std::memcpy(buffer.data(), wire_->in.unread().data(), size);
    wire_->in.consume(size);
  } else {
    size = receive(buffer.first(wanted));
  }
  left_ -= size;
  return size;
}

std::size_t RequestBody::read_chunked(std::span<char> buffer) {
  while (!decoder_.done()) {
    if (wire_->in.empty()) fill();
    const auto step = decoder_.decode(wire_->in.unread(), buffer);
    if (!step) {
      broken_ = true;
      throw Error(step.error().code, std::string(step.error().detail)).with_http_status(step.error().status);
    }
    wire_->in.consume(step->consumed);
    total_ += step->produced;
    if (total_ + decoder_.chunk_bytes_left() > max_bytes_) {
      broken_ = true;
      throw_too_large(max_bytes_);
    }
    if (step->produced != 0) return step->produced;
  }
  return 0;
}

std::string_view RequestBody::read_piece() {
  storage_.resize(kPieceBytes);
  const std::size_t size = read_some(storage_);
  return std::string_view(storage_).substr(0, size);
}

std::string_view RequestBody::read_all(std::size_t max_bytes) {
  max_bytes = std::min(max_bytes, wire_->limits.body_bytes);
  if (!all_) {
    if (!chunked_ && left_ > max_bytes) throw_too_large(max_bytes);
    const RequestPlace::Read read(*place_);
    all_ = chunked_ ? read_all_chunked(max_bytes) : read_all_plain();
    place_->require();
  }
  if (all_->size() > max_bytes) throw_too_large(max_bytes);
  return *all_;
}

bool RequestBody::rest_fits_behind_head() const noexcept {
  return left_ <= wire_->in.capacity() - wire_->in.position();
}

std::string_view RequestBody::read_all_plain() {
  ReceiveBuffer& in = wire_->in;
  if (rest_fits_behind_head()) {
    while (in.unread().size() < left_) in.commit(receive(in.space()));
    const std::string_view all = in.unread().substr(0, left_);
    in.consume(all.size());
    left_ = 0;
    return all;
  }
  // Memory follows what has arrived, not what the client announced.
  storage_.assign(in.unread().substr(0, left_));
  in.consume(storage_.size());
  left_ -= storage_.size();
  while (left_ != 0) {
    const std::size_t before = storage_.size();
    const std::size_t piece = std::min<std::uint64_t>(left_, std::max(kKeptBytes, before));
    storage_.resize(before + piece);
    const std::size_t received = receive({storage_.data() + before, piece});
    storage_.resize(before + received);
    left_ -= received;
  }
  return storage_;
}

std::string_view RequestBody::read_all_chunked(std::size_t max_bytes) {
  storage_.clear();
  std::array<char, 8 * 1024> buffer;
  while (const std::size_t size = read_chunked(buffer)) {
    if (storage_.size() + size > max_bytes) {
      broken_ = true;
      throw_too_large(max_bytes);
    }
    storage_.append(buffer.data(), size);
  }
  return storage_;
}

void RequestBody::fill() {
  wire_->in.reuse_from(position_);
  wire_->in.commit(receive(wire_->in.space()));
}

// From the socket, after everything the client may be waiting for was sent, or will be.
std::size_t RequestBody::receive(std::span<char> buffer) {
  broken_ = true;  // until it went well
  invite();
  wire_->flush_before_wait();
  const std::optional<std::size_t> arrived = wire_->try_read(buffer);
  const std::size_t size = arrived ? *arrived : wait_for_bytes(buffer);
  if (size == 0) throw Error(Code::cancelled, "the client closed the connection in the middle of a request body");
  pace_.received(size);
  broken_ = false;
  return size;
}

// A stream of messages may come as slowly as it likes, but nothing tells that its client has vanished.
std::size_t RequestBody::wait_for_bytes(std::span<char> buffer) {
  const runtime::TimePoint start = runtime::now();
  try {
    if (!limited_) return wire_->read(buffer, wire_->limits.body_timeout);
    const RequestPlace::Wait wait(*place_);
    const std::size_t size = wire_->read(buffer, pace_.left());
    pace_.waited(runtime::now() - start);
    return size;
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded || runtime::deadline() <= runtime::now()) throw;  // the handler's own
    throw Error(Code::deadline_exceeded, "the request body did not arrive in time").with_http_status(408);
  }
}

void RequestBody::invite() {
  if (std::exchange(owes_continue_, false)) wire_->out.append("HTTP/1.1 100 Continue\r\n\r\n");
}

bool RequestBody::skip_arrived() noexcept {
  if (broken_) return false;
  ReceiveBuffer& in = wire_->in;
  if (chunked_) {
    std::array<char, 1024> dropped;
    while (!decoder_.done() && !in.empty()) {
      const auto step = decoder_.decode(in.unread(), dropped);
      if (!step) return false;
      in.consume(step->consumed);
    }
    return decoder_.done();
  }
  const std::size_t arrived = std::min<std::uint64_t>(left_, in.unread().size());
  in.consume(arrived);
  left_ -= arrived;
  // A client that still waits for 100 Continue may send the body or not: only a close makes clear what follows.
  return left_ == 0 || (!owes_continue_ && left_ <= kMaxDrainBytes);
}

void RequestBody::drain() {
  std::array<char, 4 * 1024> dropped;
  while (left_ != 0) read_plain(dropped);
}

}  // namespace marty::http::internal
