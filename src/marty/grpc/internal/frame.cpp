#include "marty/grpc/internal/frame.hpp"

#include <algorithm>

#include "marty/base/error.hpp"

namespace marty::grpc::internal {
namespace {

// Of a frame whose head is there.
std::size_t payload_bytes(std::string_view head) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 1; i < kFrameHeadBytes; ++i) size = size << 8 | static_cast<unsigned char>(head[i]);
  return size;
}

[[noreturn]] void throw_cut() { throw Error(Code::internal, "the body ends in the middle of a message").for_callers(); }

}  // namespace

void throw_message_too_large(std::size_t max_bytes) {
  throw Error(Code::resource_exhausted,  // tidy:allow(caller): whoever sent it; a server is told 503 by its client
              "a message is larger than the " + std::to_string(max_bytes) + " bytes that are accepted");
}

void write_frame_head(char* to, std::uint8_t flags, std::size_t size) noexcept {
  to[0] = static_cast<char>(flags);
  for (int i = 1; i < 5; ++i) to[i] = static_cast<char>(size >> (8 * (4 - i)));
}

void append_frame(std::string& out, std::uint8_t flags, std::string_view payload) {
  char head[kFrameHeadBytes];
  write_frame_head(head, flags, payload.size());
  out.append(head, sizeof head);
  out.append(payload);
}

bool FrameReader::more() {
  if (body_ == nullptr) return false;
  piece_ = body_->read_piece();
  return !piece_.empty();
}

std::optional<Frame> FrameReader::next() {
  partial_.clear();
  if (piece_.empty() && !more()) return std::nullopt;
  for (;;) {
    const std::string_view known = partial_.empty() ? piece_ : std::string_view(partial_);
    std::size_t wanted = kFrameHeadBytes;
    if (known.size() >= kFrameHeadBytes) {
      const auto flags = static_cast<std::uint8_t>(known[0]);
      if ((flags & ~flags_) != 0) throw Error(Code::internal, "a message has flags that are reserved").for_callers();
      const std::size_t size = payload_bytes(known);
      if (size > max_bytes_) throw_message_too_large(max_bytes_);
      wanted += size;
      if (known.size() >= wanted) {
        const Frame frame{flags, known.substr(kFrameHeadBytes, size)};
        if (partial_.empty()) piece_.remove_prefix(wanted);
        return frame;
      }
    }
    if (piece_.empty() && !more()) throw_cut();
    const std::size_t taken = std::min(wanted - partial_.size(), piece_.size());
    partial_.append(piece_.substr(0, taken));
    piece_.remove_prefix(taken);
  }
}

std::optional<Frame> only_frame(std::string_view body, std::size_t max_bytes, std::uint8_t flags) {
  FrameReader frames(body, max_bytes, flags);
  const std::optional<Frame> frame = frames.next();
  if (!frames.is_at_end()) throw Error(Code::unimplemented, "the method takes one message, not several");
  return frame;
}

}  // namespace marty::grpc::internal
