// Writes the body of a streamed reply: as it is, or in chunks (RFC 9112 section 7.1). Small writes are gathered.
#pragma once

#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/reply_pump.hpp"
#include "marty/http/internal/told_length.hpp"

namespace marty::http::internal {

class ReplyStream final : public BodyWriter {
 public:
  // when_waiting: what was written goes out when the fiber waits, not just when much of it is there.
  enum class Flush : bool { when_full, when_waiting };

  // `body`: of the request; null: it has none.
  ReplyStream(Wire& wire, const RequestBody* body, Flush flush, Framing framing, std::uint64_t length)
      : wire_(wire),
        pump_(wire, body),
        framing_(framing),
        length_(framing == Framing::length ? std::optional(length) : std::nullopt),
        flush_(flush) {
    wire_.has_pump = flush_ == Flush::when_waiting;
    if (wire_.has_pump) pump_.flush_soon();  // the head
  }
  ~ReplyStream() { wire_.has_pump = false; }
  ReplyStream(const ReplyStream&) = delete;
  ReplyStream& operator=(const ReplyStream&) = delete;

  void write(std::string_view bytes) override;
  void flush() override { pump_.flush(); }
  // Throws where the stream was shorter than it had said. Trailers are for chunks only.
  void finish(std::string_view trailers = {});

 private:
  Wire& wire_;
  ReplyPump pump_;
  const Framing framing_;
  ToldLength length_;
  const Flush flush_;
};

}  // namespace marty::http::internal
